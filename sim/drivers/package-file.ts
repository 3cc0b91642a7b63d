/** Driver packages as simulated bytes: equal contents are equal bytes, and a digest is the SHA-256 of them. */
import { createHash } from 'node:crypto';
import { isJsonObject } from '../../lib/base/json';
import type { PackageKey } from '../../lib/drivers/package';
import { packageKeyOf } from '../../lib/drivers/package';
import type { LoadedModule } from '../../lib/drivers/agent-result';

/** What a package is made of. */
export interface PackageContents extends PackageKey {
  /** Digest of the kernel's symbols that it was built against. */
  readonly symbols: string;
  /** Who built it, with what: other toolchains give other bytes. */
  readonly toolchain: string;
  /** Whose key signed the modules. Absent: they are not signed. */
  readonly signer?: string;
  /** Absent: two that follow from the WEKA version. */
  readonly modules?: readonly LoadedModule[];
}

/** A package that was built for real, outside of the simulation. */
export interface RealPackage {
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
  readonly modules: readonly LoadedModule[];
  /** For people: `gcc 12.2.0`. */
  readonly compiler: string;
}

/** A file with its digest. */
export interface PackageFile {
  readonly text: string;
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
}

const sha256Of = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Any bytes as a file. */
export const fileOf = (text: string): PackageFile => ({
  text,
  sha256: sha256Of(text),
  size: Buffer.byteLength(text),
});

/** The package with these contents. */
export const packageFile = (contents: PackageContents): PackageFile => {
  const { symbols, toolchain, signer } = contents;
  return fileOf(JSON.stringify({ ...packageKeyOf(contents), symbols, toolchain, signer }));
};

/** What stands for a real package: its digest and size, and modules with the srcversions that they have. */
export const standIn = (contents: PackageContents, { sha256, size, modules }: RealPackage): PackageFile => ({
  text: JSON.stringify({ ...contents, modules }),
  sha256,
  size,
});

/** The file with one byte flipped. */
export const flipped = ({ text }: PackageFile): PackageFile =>
  fileOf(`${String.fromCharCode(text.charCodeAt(0) ^ 1)}${text.slice(1)}`);

/** The file without its end. */
export const truncated = ({ text }: PackageFile): PackageFile => fileOf(text.slice(0, text.length / 2));

/** What is in a file; `undefined`: it is no package. */
export const readPackage = ({ text }: PackageFile): PackageContents | undefined => {
  try {
    const value = JSON.parse(text) as unknown;
    return isJsonObject(value) && typeof value.kernel === 'string' ? (value as unknown as PackageContents) : undefined;
  } catch {
    return undefined;
  }
};

const MODULES = ['wekafsgw', 'wekafsio'];

/** The modules of a package as the kernel shows them: their srcversion follows from the sources alone. */
export const modulesOf = ({
  wekaVersion,
  modules,
}: Pick<PackageContents, 'wekaVersion' | 'modules'>): readonly LoadedModule[] =>
  modules ??
  MODULES.map((name) => ({ name, srcversion: sha256Of(`${name} ${wekaVersion}`).slice(0, 24).toUpperCase() }));
