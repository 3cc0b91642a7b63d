import type { KernelRelease } from '../base/kube-object';

/** What /usr/lib/os-release says of a node; every part may be empty. */
export interface OsRelease {
  /** `debian`, `ubuntu`, `rhel`, … */
  readonly id: string;
  /** Distributions it is like, nearest first. */
  readonly like: readonly string[];
}

/** Reads os-release: lines of KEY=value, the value perhaps quoted. */
export const readOsRelease = (text: string): OsRelease => {
  const value = (key: string): string =>
    new RegExp(`^${key}=(.*)$`, 'm')
      .exec(text)?.[1]
      ?.trim()
      .replace(/^(["'])(.*)\1$/, '$2') ?? '';
  return { id: value('ID'), like: value('ID_LIKE').split(/\s+/).filter(Boolean) };
};

/**
 * Package with the headers of one kernel, by distribution. Debian and Ubuntu are run in tests; the others are told as
 * their vendors document them.
 */
const PACKAGES: Readonly<Record<string, (kernel: KernelRelease) => string>> = {
  debian: (kernel) => `linux-headers-${kernel}`,
  ubuntu: (kernel) => `linux-headers-${kernel}`,
  rhel: (kernel) => (kernel.endsWith('+rt') ? `kernel-rt-devel-${kernel.slice(0, -3)}` : `kernel-devel-${kernel}`),
  fedora: (kernel) => `kernel-devel-${kernel}`,
  amzn: (kernel) => `kernel-devel-${kernel}`,
  ol: (kernel) => (kernel.includes('uek') ? `kernel-uek-devel-${kernel}` : `kernel-devel-${kernel}`),
  suse: (kernel) => `kernel-${/-([a-z0-9_]+)$/.exec(kernel)?.[1] ?? 'default'}-devel`,
  rhcos: () => 'nothing (its headers are in the driver toolkit image of the OpenShift release: build there)',
  cos: () => 'nothing (it has no packages; its headers are published beside each build of it: build there)',
};

/** The package that brings the headers of `kernel` on a node, as its package manager calls it. */
export const headersPackage = ({ id, like }: OsRelease, kernel: KernelRelease): string => {
  const known = [id, ...like].find((name) => Object.hasOwn(PACKAGES, name));
  return known === undefined ? `the headers of kernel ${kernel}` : (PACKAGES[known] as (of: string) => string)(kernel);
};

/** A compiler as it says of itself, or as a kernel says that it was built with it. */
export interface Compiler {
  /** `gcc-12`, `x86_64-linux-gnu-gcc-13`, `clang`. */
  readonly program: string;
  /** `12.2.0`; empty when the text names none. */
  readonly version: string;
}

/** Reads `gcc-12 (Debian 12.2.0-14+deb12u1) 12.2.0`, with or without a linker behind a comma. */
export const readCompiler = (text: string): Compiler => {
  const [compiler = ''] = text.split(', ');
  // Some distributions put their name before it.
  const program =
    compiler
      .trim()
      .split(/\s+/)
      .find((word) => /gcc|clang|^cc$/.test(word)) ?? '';
  const outside = compiler.replace(/\([^)]*\)/g, ' ');
  const version = /(\d+\.\d+(\.\d+)?)/.exec(outside)?.[1] ?? /(\d+\.\d+(\.\d+)?)/.exec(compiler)?.[1] ?? '';
  return { program: /^[A-Za-z0-9._+-]+$/.test(program) ? program : '', version };
};

/** The first number of a version; 0 when there is none. */
export const majorOf = (version: string): number => Number(/^\d+/.exec(version)?.[0] ?? 0);

/** Programs to look for, the best first: what the kernel was built with, the same major version, any. */
export const compilerCandidates = (kernelCompiler: Compiler): string[] => {
  const { program, version } = kernelCompiler;
  const clang = /clang/.test(program);
  const generic = clang ? ['clang'] : ['gcc', 'cc'];
  const major = majorOf(version) > 0 ? [`${clang ? 'clang' : 'gcc'}-${majorOf(version)}`] : [];
  // Plain `gcc` in the kernel's text says nothing of its version: the numbered one goes before it.
  const exact = program === '' || generic.includes(program) ? [] : [program];
  return [...new Set([...exact, ...major, ...generic])];
};
