import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { access, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram } from './run-program';
import type { Environment, Say } from './store';
import { cacheDirectory, makeOnce } from './store';

/** Programs that are built from Go modules, all of one go.mod that pins them. */
export interface GoPrograms {
  /** What they are, for people, and the name of their place in the cache. */
  readonly name: string;
  /** Where go.mod and go.sum lie. */
  readonly moduleDirectory: string;
  /** The Go package of each, by its name, in the order of building. */
  readonly programs: Readonly<Record<string, string>>;
  /** Settings of the linker beyond `-s -w`, from the text of go.mod: `-X package.variable=value`. */
  readonly linkerSettings: (goMod: string) => readonly string[];
  /** How long a build takes with nothing cached: `about 11 minutes on two cores`. */
  readonly takes: string;
}

/** A directory that holds every program, or why there is none. `failed`: Go is there, and the build broke. */
export type Found =
  | { readonly directory: string; readonly origin: 'cache' | 'built' }
  | { readonly missing: string; readonly failed: boolean };

export interface FindOptions {
  readonly environment: Environment;
  readonly say: Say;
}

/** The programs: an earlier build in the user's cache directory, or a build of now. Never rejects for what is missing. */
export const findGoPrograms = async (wanted: GoPrograms, options: FindOptions): Promise<Found> => {
  const recipe = await recipeOf(wanted);
  const directory = cacheDirectory(options.environment, wanted.name, recipe.key);
  if ((await lacking(directory, wanted)).length === 0) return { directory, origin: 'cache' };
  if (!hasGo(options.environment)) {
    return { missing: `no earlier build in ${directory}, and there is no go on the PATH`, failed: false };
  }
  try {
    await build(directory, wanted, recipe, options);
    return { directory, origin: 'built' };
  } catch (error) {
    return { missing: `building failed: ${(error as Error).message}`, failed: true };
  }
};

/** Those of the programs that a directory does not hold. */
export const lacking = async (directory: string, { programs }: GoPrograms): Promise<string[]> => {
  const absent: string[] = [];
  for (const program of Object.keys(programs)) {
    await access(join(directory, program), constants.X_OK).catch(() => absent.push(program));
  }
  return absent;
};

const hasGo = (environment: Environment): boolean =>
  spawnSync('go', ['version'], { env: { ...environment }, stdio: 'ignore' }).status === 0;

/** How they are built: the flags, and the key that these and everything pinned amount to. */
export interface Recipe {
  readonly key: string;
  readonly flags: readonly string[];
}

/** Reads the recipe from go.mod and go.sum: any change of them, of the flags or of the platform is another key. */
export const recipeOf = async ({ moduleDirectory, linkerSettings }: GoPrograms): Promise<Recipe> => {
  const goMod = await readFile(join(moduleDirectory, 'go.mod'), 'utf8');
  const goSum = await readFile(join(moduleDirectory, 'go.sum'), 'utf8');
  const flags = ['-mod=readonly', '-trimpath', '-ldflags', ['-s', '-w', ...linkerSettings(goMod)].join(' ')];
  const key = createHash('sha256');
  for (const part of [goMod, goSum, ...flags, process.platform, process.arch]) key.update(part).update('\0');
  return { key: key.digest('hex').slice(0, 20), flags };
};

/** The version of k8s.io/kubernetes that a go.mod pins, for its programs: without it they call themselves v0.0.0. */
export const kubernetesVersion = (goMod: string): string[] => {
  const version = /k8s\.io\/kubernetes (v(\d+)\.(\d+)\.\S+)/.exec(goMod);
  if (version === null) throw new Error('go.mod does not name k8s.io/kubernetes');
  const [, gitVersion, gitMajor, gitMinor] = version;
  const variables = Object.entries({ gitVersion, gitMajor, gitMinor, gitTreeState: 'clean' });
  const packages = ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'];
  return packages.flatMap((pkg) => variables.map(([name, value]) => `-X ${pkg}.${name}=${value}`));
};

const build = async (directory: string, wanted: GoPrograms, recipe: Recipe, options: FindOptions): Promise<void> => {
  const start = Date.now();
  options.say(`building ${wanted.name} from Go modules, once (${wanted.takes} with nothing cached)`);
  // What is there lacks a program: somebody removed it by hand.
  await makeOnce(
    directory,
    async (unfinished) => {
      await mkdir(unfinished, { recursive: true });
      for (const program of Object.keys(wanted.programs))
        await buildOne(program, unfinished, { wanted, recipe, options });
    },
    async () => (await lacking(directory, wanted)).length === 0,
  );
  options.say(`built in ${seconds(start)}, kept in ${directory}`);
};

interface Work {
  readonly wanted: GoPrograms;
  readonly recipe: Recipe;
  readonly options: FindOptions;
}

const buildOne = async (program: string, into: string, { wanted, recipe, options }: Work): Promise<void> => {
  const start = Date.now();
  const names = Object.keys(wanted.programs);
  const label = `${names.indexOf(program) + 1}/${names.length} ${program}`;
  options.say(`${label} …`);
  const ticking = setInterval(() => options.say(`${label} … ${seconds(start)}`), 30_000);
  try {
    const env = { ...options.environment, CGO_ENABLED: '0', GOWORK: 'off' };
    const args = ['build', ...recipe.flags, '-o', join(into, program), wanted.programs[program] as string];
    await runProgram('go', args, { cwd: wanted.moduleDirectory, env });
  } finally {
    clearInterval(ticking);
  }
  options.say(`${label} done in ${seconds(start)}`);
};

const seconds = (start: number): string => `${Math.round((Date.now() - start) / 1000)} s`;
