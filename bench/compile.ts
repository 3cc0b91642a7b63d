import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { buildSync } from 'esbuild';

const ROOT = join(__dirname, '..');
/** Inside of node_modules: Git doesn't see it, and packages are found from there. */
const OUT = join(ROOT, 'node_modules', '.cache', 'bench');

const common = { platform: 'node', target: 'node20', format: 'cjs', logLevel: 'error', absWorkingDir: ROOT } as const;

/**
 * Compiles what the children run, so that no compiler is part of any measurement: one file each, packages left
 * outside, for ours and for the peers alike.
 */
export const compileChildren = (): void => {
  mkdirSync(OUT, { recursive: true });
  const children = readdirSync(join(__dirname, 'children')).map((file) => join(__dirname, 'children', file));
  buildSync({ ...common, entryPoints: children, bundle: true, packages: 'external', outdir: OUT });
};

/** Where the compiled child is. */
export const childFile = (name: string): string => join(OUT, `${name}.js`);

/** The command line as `npm run build` makes it, a file a module; gives its entry. */
export const compileUnbundled = (): string => {
  const outdir = join(OUT, 'unbundled');
  const rooms = ['lib', 'synth', 'controllers', 'sim', 'cli'].map((room) => `${room}/**/*.ts`);
  buildSync({
    ...common,
    entryPoints: [...rooms, 'synth/**/*.json'],
    outdir,
    outbase: ROOT,
    loader: { '.json': 'copy' },
  });
  return join(outdir, 'cli', 'main.js');
};
