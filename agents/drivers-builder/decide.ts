import type { OsRelease } from '../../lib/drivers/build-headers';
import { headersPackage, majorOf, readCompiler } from '../../lib/drivers/build-headers';
import type { PackageKey } from '../../lib/drivers/package';
import type { Failure } from '../shared/failure';
import { failure } from '../shared/failure';
import type { Ended, HeaderFacts, MachineFacts } from './host';

/** The first check: whether this machine can build for the target at all. */
export const kernelProblem = (
  { kernel, architecture }: PackageKey,
  facts: {
    readonly node: string;
    readonly machine: MachineFacts;
    readonly directory: { path: string; there: boolean };
  },
): Failure | undefined => {
  const { node, machine, directory } = facts;
  if (architecture !== machine.architecture) {
    return failure('ArchitectureMismatch', { node, wanted: architecture, architecture: machine.architecture });
  }
  return directory.there ? undefined : failure('KernelNotInstalled', { node, kernel, path: directory.path });
};

/** Whether the headers are whole, and those of this kernel. */
export const headersProblem = (
  kernel: string,
  facts: { readonly node: string; readonly os: OsRelease; readonly headers: HeaderFacts },
): Failure | undefined => {
  const { node, os, headers } = facts;
  const missing = [...headers.missing];
  if (missing.length === 0 && headers.release !== '' && headers.release !== kernel) {
    // A link that an update has left behind: modules would be built, and refused by the kernel.
    missing.push(`${headers.directory} is for ${headers.release}; what is for ${kernel}`);
  }
  const [path] = missing;
  if (path === undefined) return undefined;
  return failure('HeadersMissing', { node, kernel, path, package: headersPackage(os, kernel) });
};

/** What the Debian packages are called that bring the programs; as good a hint as any elsewhere. */
const PACKAGE_OF: Readonly<Record<string, string>> = { make: 'make', ld: 'binutils' };

/** Whether compiler, make and linker are there. `found`: program → its path, if any. */
export const compilerProblem = (
  kernel: string,
  kernelCompiler: string,
  found: Readonly<Record<'compiler' | 'make' | 'ld', string | undefined>>,
): Failure | undefined => {
  const { version } = readCompiler(kernelCompiler);
  const major = majorOf(version);
  const compiler = major > 0 && !/clang/.test(kernelCompiler) ? `gcc-${major}` : 'gcc';
  const programs = [
    ...(found.compiler === undefined ? [compiler] : []),
    ...(['make', 'ld'] as const).filter((name) => found[name] === undefined),
  ];
  if (programs.length === 0) return undefined;
  const packages = programs.map((name) => PACKAGE_OF[name] ?? name).join(' ');
  return failure('CompilerMissing', {
    kernel,
    programs: programs.join(', '),
    packages,
    compiler: kernelCompiler === '' ? 'an unknown compiler' : kernelCompiler,
  });
};

/**
 * A compiler for people, and a warning where its major version is not that which built the kernel: some kernels then refuse
 * to build modules, others take them.
 */
export const describeCompiler = (
  program: string,
  version: string,
  kernelCompiler: string,
): { readonly text: string; readonly warning?: string } => {
  const text = `${/clang/.test(program) ? 'clang' : 'gcc'} ${version}`.trim();
  const theirs = readCompiler(kernelCompiler).version;
  const differ = version !== '' && theirs !== '' && majorOf(version) !== majorOf(theirs);
  if (!differ) return { text };
  return {
    text: `${text} (kernel: ${theirs})`,
    warning: `The kernel was built with compiler version ${theirs}, the modules are built with ${version}`,
  };
};

/**
 * What keeps a program of the headers from running here, from what it said; `undefined`: it runs. Such a program is linked
 * to the libraries of the node, and run with those of the image.
 */
export const toolProblem = (ended: Ended, lines: readonly string[]): string | undefined => {
  const library = lines.find((line) => /error while loading shared libraries|version `[^']+' not found/.test(line));
  if (library !== undefined) return library.replace(/^\S+\/(\S+): /, '$1: ').replace(/ \(required by .*\)$/, '');
  // What the system cannot run is given to a shell, which finds no script in it either.
  if (lines.some((line) => /^\S+: (line )?\d+: /.test(line))) return 'they are no programs for this machine';
  // The loader that the program names is missing: a libc of another kind.
  return ended.how === 'not started' ? ended.cause : undefined;
};

const SILENT = 'it said nothing';

/** Without the full stop that the sentence around it has. */
const inSentence = (text: string): string => text.replace(/\.$/, '');

/** What the pre-run script did wrong; `undefined`: nothing. `last`: the last lines that it said. */
export const scriptProblem = (ended: Ended, last: readonly string[]): Failure | undefined => {
  if (ended.how === 'exited' && ended.code === 0) return undefined;
  const outcome = {
    exited: `ended with ${ended.how === 'exited' ? ended.code : ''}`,
    killed: `was killed (${ended.how === 'killed' ? ended.signal : ''})`,
    'not started': `could not be started (${ended.how === 'not started' ? ended.cause : ''})`,
  }[ended.how];
  return failure('PreRunScriptFailed', { outcome, output: last.length === 0 ? SILENT : inSentence(last.join(' | ')) });
};

/** What a build did wrong; `undefined`: nothing. */
export const buildProblem = (
  target: { readonly kernel: string; readonly node: string; readonly path: string },
  ended: Ended,
  said: { readonly error: string | undefined; readonly full: boolean; readonly last: readonly string[] },
): Failure | undefined => {
  if (ended.how === 'exited' && ended.code === 0) return undefined;
  const { kernel, node, path } = target;
  if (said.full) return failure('NoSpaceToBuild', { node, path });
  const otherwise = ended.how === 'not started' ? ended.cause : (said.last.at(-1) ?? SILENT);
  return failure('BuildFailed', { kernel, error: inSentence(said.error ?? otherwise) });
};
