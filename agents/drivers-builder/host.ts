import type { OsRelease } from '../../lib/drivers/build-headers';

/** A program and its arguments; no shell reads them. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  /** Its whole environment. */
  readonly env: Readonly<Record<string, string>>;
}

/** How a program ended. */
export type Ended =
  | { readonly how: 'exited'; readonly code: number }
  | { readonly how: 'killed'; readonly signal: string }
  | { readonly how: 'not started'; readonly cause: string };

/** What happens to a program while it runs. */
export interface Watch {
  /** Each line of its standard output and standard error, long ones cut. */
  readonly onLine: (line: string) => void;
  /** Kills the program and all that it started; `run` then rejects with the reason. */
  readonly signal: AbortSignal;
}

/** The machine that builds: its own architecture, the kernel that runs, the libc of the image. */
export interface MachineFacts {
  /** As Kubernetes names it. */
  readonly architecture: string;
  /** `uname -r`. */
  readonly runningKernel: string;
  /** `glibc 2.36`; empty where it cannot be told. */
  readonly libc: string;
}

/** The headers of a kernel as the container sees them. */
export interface HeaderFacts {
  /** For `make -C`. */
  readonly directory: string;
  /** What ought to be there and isn't; of a link that leads nowhere, where it leads. */
  readonly missing: readonly string[];
  /** The release that they are for; empty when they don't say. */
  readonly release: string;
  /** What the kernel was built with, in its own words; empty when they don't say. */
  readonly compiler: string;
  /** Paths of programs of the build that are linked to the libraries of the node. */
  readonly tools: readonly string[];
}

/** What a builder does to the machine it runs on. Paths are of the container. */
export interface BuilderHost {
  machine(): MachineFacts;
  /** The distribution of the node. */
  nodeOs(): Promise<OsRelease>;
  /** Where the modules of an installed kernel lie; `there`: whether they do. */
  kernelDirectory(kernel: string): Promise<{ readonly path: string; readonly there: boolean }>;
  headers(kernel: string): Promise<HeaderFacts>;
  /** Makes what is linked from /usr/src into the node's /usr/lib reachable; gives the names of the links. */
  linkNodeLibraries(): Promise<readonly string[]>;
  /** The path of the first of `names` that is installed. */
  findProgram(names: readonly string[]): Promise<string | undefined>;
  /** Runs a program to its end. Rejects only with the reason of the signal. */
  run(command: Command, watch: Watch): Promise<Ended>;
  /** Leaves the scratch directory empty. Rejects with the system's error. */
  emptyScratch(): Promise<void>;
  /** Writes a file into the scratch directory that only this user may read and run; gives its path. */
  writeScript(text: string): Promise<string>;
  /** Copies the driver sources of the image into the scratch directory; gives the copy's path; `undefined`: there are none. */
  copySources(): Promise<string | undefined>;
  /** Contents of the module files (`.ko`) anywhere below `directory`, also those in archives, in the order of their paths. */
  readModules(directory: string): Promise<readonly Buffer[]>;
  /** Paths of the module files (`.ko`) anywhere below `directory`, sorted. */
  moduleFiles(directory: string): Promise<readonly string[]>;
  /** Names in a directory, sorted; none when it isn't there. */
  namesIn(directory: string): Promise<readonly string[]>;
}
