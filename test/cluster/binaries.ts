import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { access, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** The programs of a control plane, and the Go package that each is built from, in the order of building. */
export const PROGRAMS = {
  etcd: 'go.etcd.io/etcd/server/v3',
  'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver',
  'kube-controller-manager': 'k8s.io/kubernetes/cmd/kube-controller-manager',
  'kube-scheduler': 'k8s.io/kubernetes/cmd/kube-scheduler',
  kubectl: 'k8s.io/kubernetes/cmd/kubectl',
} as const;
export type Program = keyof typeof PROGRAMS;
const programs = Object.keys(PROGRAMS) as Program[];

/** Where the go.mod that pins them lies. */
export const MODULE_DIRECTORY = join(__dirname, 'binaries');

/** A directory that holds every program, or why there is none. `failed`: Go is there, and the build broke. */
export type Binaries =
  | { readonly directory: string; readonly origin: 'KUBEBUILDER_ASSETS' | 'cache' | 'built' }
  | { readonly missing: string; readonly failed: boolean };

/** What the search depends on, so that a test can give another world. */
export interface BinariesOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** One line of progress. */
  readonly say: (line: string) => void;
}

/**
 * The binaries, in this order: `KUBEBUILDER_ASSETS`, an earlier build in the user's cache directory, a build of now
 * (about 11 minutes on two cores, once). Never rejects for what is merely missing; the caller decides what that means.
 */
export const findBinaries = async (options: BinariesOptions): Promise<Binaries> => {
  const given = options.environment['KUBEBUILDER_ASSETS'];
  if (given !== undefined && given !== '') return fromAssets(given);
  const recipe = await readRecipe();
  const directory = join(cacheHome(options.environment), 'weka-operator', 'control-plane', recipe.key);
  if ((await lacking(directory)).length === 0) return { directory, origin: 'cache' };
  if (!hasGo(options.environment)) {
    return {
      missing: `no earlier build in ${directory}, KUBEBUILDER_ASSETS is not set, and there is no go on the PATH`,
      failed: false,
    };
  }
  try {
    await build(directory, recipe, options);
    return { directory, origin: 'built' };
  } catch (error) {
    return { missing: `building failed: ${(error as Error).message}`, failed: true };
  }
};

const fromAssets = async (directory: string): Promise<Binaries> => {
  const absent = await lacking(directory);
  return absent.length === 0
    ? { directory, origin: 'KUBEBUILDER_ASSETS' }
    : { missing: `KUBEBUILDER_ASSETS=${directory} lacks ${absent.join(', ')}`, failed: true };
};

const lacking = async (directory: string): Promise<Program[]> => {
  const absent: Program[] = [];
  for (const program of programs) {
    await access(join(directory, program), constants.X_OK).catch(() => absent.push(program));
  }
  return absent;
};

const cacheHome = (environment: BinariesOptions['environment']): string =>
  environment['XDG_CACHE_HOME'] || join(environment['HOME'] || homedir(), '.cache');

const hasGo = (environment: BinariesOptions['environment']): boolean =>
  spawnSync('go', ['version'], { env: { ...environment }, stdio: 'ignore' }).status === 0;

/** How they are built: what is pinned, the flags, and the key that both amount to. */
export interface Recipe {
  readonly key: string;
  readonly flags: readonly string[];
}

/** Reads the recipe from go.mod and go.sum: any change of them, of the flags or of the platform is another key. */
export const readRecipe = async (): Promise<Recipe> => {
  const goMod = await readFile(join(MODULE_DIRECTORY, 'go.mod'), 'utf8');
  const goSum = await readFile(join(MODULE_DIRECTORY, 'go.sum'), 'utf8');
  const flags = ['-mod=readonly', '-trimpath', '-ldflags', linkerFlags(goMod)];
  const key = createHash('sha256');
  for (const part of [goMod, goSum, ...flags, process.platform, process.arch]) key.update(part).update('\0');
  return { key: key.digest('hex').slice(0, 20), flags };
};

/** Without these the server calls itself v0.0.0, and whoever checks its version refuses it. */
const linkerFlags = (goMod: string): string => {
  const version = /k8s\.io\/kubernetes (v(\d+)\.(\d+)\.\S+)/.exec(goMod);
  if (version === null) throw new Error('go.mod does not name k8s.io/kubernetes');
  const [, gitVersion, gitMajor, gitMinor] = version;
  const variables = Object.entries({ gitVersion, gitMajor, gitMinor, gitTreeState: 'clean' });
  const packages = ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'];
  const settings = packages.flatMap((pkg) => variables.map(([name, value]) => `-X ${pkg}.${name}=${value}`));
  return ['-s', '-w', ...settings].join(' ');
};

/** Builds beside the target and renames at the end: a directory under the key is always whole. */
const build = async (directory: string, recipe: Recipe, options: BinariesOptions): Promise<void> => {
  const parent = join(directory, '..');
  await mkdir(parent, { recursive: true });
  await sweepUnfinished(parent);
  const unfinished = `${directory}.building-${process.pid}`;
  const start = Date.now();
  options.say(
    `building the control plane from ${join('test', 'cluster', 'binaries', 'go.mod')}, once (about 11 minutes on two cores with nothing cached)`,
  );
  try {
    for (const [index, program] of programs.entries()) {
      await buildOne(program, join(unfinished, program), recipe, {
        ...options,
        place: `${index + 1}/${programs.length}`,
      });
    }
    await rename(unfinished, directory).catch(async (error: NodeJS.ErrnoException) => {
      // Another run was faster: its build is the same one.
      if ((await lacking(directory)).length > 0) throw error;
    });
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  options.say(`built in ${seconds(start)}, kept in ${directory}`);
};

const buildOne = async (
  program: Program,
  output: string,
  recipe: Recipe,
  options: BinariesOptions & { place: string },
): Promise<void> => {
  const start = Date.now();
  const label = `${options.place} ${program}`;
  options.say(`${label} …`);
  const ticking = setInterval(() => options.say(`${label} … ${seconds(start)}`), 30_000);
  try {
    const env = { ...options.environment, CGO_ENABLED: '0', GOWORK: 'off' };
    await runGo(['build', ...recipe.flags, '-o', output, PROGRAMS[program]], env);
  } finally {
    clearInterval(ticking);
  }
  options.say(`${label} done in ${seconds(start)}`);
};

const runGo = (args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> =>
  new Promise((resolve, reject) => {
    const child = spawn('go', args, { cwd: MODULE_DIRECTORY, env, stdio: ['ignore', 'ignore', 'pipe'] });
    // A build of minutes must not outlive the run that asked for it.
    const stop = (): boolean => child.kill('SIGKILL');
    process.once('exit', stop);
    let tail = '';
    child.stderr.on('data', (chunk: Buffer) => (tail = (tail + chunk.toString()).slice(-2000)));
    child.once('error', reject);
    child.once('close', (code) => {
      process.removeListener('exit', stop);
      if (code === 0) resolve();
      else reject(new Error(`go build ended with ${code}: ${tail.trim()}`));
    });
  });

const sweepUnfinished = async (parent: string): Promise<void> => {
  for (const name of await readdir(parent)) {
    const pid = /\.building-(\d+)$/.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) await rm(join(parent, name), { recursive: true, force: true });
  }
};

/** Whether a process with this id runs. */
export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};

const seconds = (start: number): string => `${Math.round((Date.now() - start) / 1000)} s`;
