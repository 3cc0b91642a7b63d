/**
 * `npm run bundle [-- DIRECTORY]`: what the operator's image runs, each program one file in dist/ (or DIRECTORY): the
 * operator itself, and agents/NAME.js of every agents/NAME/main.ts. Nothing of node_modules is needed beside them.
 */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { BuildOptions, Plugin } from 'esbuild';
import { build as esbuild } from 'esbuild';

/** The top of the checkout. */
const TOP = join(__dirname, '../..');

const COMMON: BuildOptions = {
  absWorkingDir: TOP,
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  minifyWhitespace: true,
  legalComments: 'none',
  logLevel: 'warning',
};

/**
 * Takes of client-node what is used of it, with stand-ins for undici and for its API clients: each start would have to
 * parse the rest.
 * Whoever else asks for undici gets the real one, which runs only where a command loads it.
 */
const NARROWED: Plugin = {
  name: 'narrowed',
  setup: (build) => {
    const standIn = (name: string) => ({ path: join(TOP, 'controllers/kube', name) });
    build.onResolve({ filter: /^@kubernetes\/client-node$/ }, () => standIn('client-node.bundle.mjs'));
    build.onResolve({ filter: /^\.\/gen\/index\.js$/ }, ({ importer }) =>
      importer.endsWith('client-node/dist/config.js') ? standIn('client-node-gen.bundle.mjs') : undefined,
    );
    build.onResolve({ filter: /^undici$/ }, ({ importer }) =>
      importer.includes('@kubernetes/client-node') ? standIn('undici.bundle.mjs') : undefined,
    );
  },
};

/** The agents there are: directories of agents/ with a main.ts. */
const agentNames = (): string[] => {
  const room = join(TOP, 'agents');
  const names = existsSync(room) ? readdirSync(room) : [];
  return names.filter((name) => existsSync(join(room, name, 'main.ts'))).sort();
};

const main = async (dist: string): Promise<void> => {
  // An agent that was renamed must not stay in the image.
  rmSync(dist, { recursive: true, force: true });
  await esbuild({
    ...COMMON,
    entryPoints: ['cli/main.ts'],
    outfile: join(dist, 'weka-operator.js'),
    plugins: [NARROWED],
  });
  for (const name of agentNames()) {
    await esbuild({ ...COMMON, entryPoints: [`agents/${name}/main.ts`], outfile: join(dist, 'agents', `${name}.js`) });
  }
  // A bundle knows its version by this.
  const { name, version, license } = JSON.parse(readFileSync(join(TOP, 'package.json'), 'utf8')) as Record<
    string,
    string
  >;
  writeFileSync(join(dist, 'package.json'), `${JSON.stringify({ name, version, license }, null, 2)}\n`);
  console.log(
    `${join(dist, 'weka-operator.js')} ${agentNames()
      .map((agent) => `agents/${agent}.js`)
      .join(' ')}`.trim(),
  );
};

void main(resolve(process.argv[2] ?? join(TOP, 'dist')));
