import { createHash } from 'node:crypto';
import type { IndexEntry } from '../../lib/drivers/package-index';
import { lookUp } from '../../lib/drivers/package-index';
import type { PackagedModule, PackageManifest } from '../../lib/drivers/package-manifest';
import type { PackageKey } from '../../lib/drivers/package';
import { packageKeyString } from '../../lib/drivers/package';
import { architectureOf } from '../../lib/drivers/load-facts';
import type { ModuleInfo } from '../../lib/drivers/module-info';
import { compareVermagic } from '../../lib/drivers/module-info';
import type { Failure } from './failure';
import { failure } from './failure';
import type { KernelFacts, LiveModule } from './host';

/** A module of a package that was read and found to be what the manifest says. */
export interface ReadModule {
  readonly info: ModuleInfo;
  /** Where its bytes are on the node. */
  readonly path: string;
}

/** What is to be loaded here. An architecture that Kubernetes has no name for keeps its own: nothing is indexed for it. */
export const wantedKey = (
  wekaVersion: string,
  { release: kernel, machine }: Pick<KernelFacts, 'release' | 'machine'>,
): PackageKey => ({ wekaVersion, kernel, architecture: architectureOf(machine) ?? machine });

/** The package that may be loaded into this kernel, or why none may. */
export const wantedPackage = (
  shards: readonly Readonly<Record<string, string>>[],
  { wekaVersion, kernel, architecture }: PackageKey,
): IndexEntry | Failure => {
  const key = { wekaVersion, kernel, architecture };
  return lookUp(shards, key) ?? failure('DriverNotIndexed', key);
};

/** Whether a package is for the key that was asked for. Its digest is right by then: who made it made a mistake. */
export const manifestProblem = (manifest: PackageManifest, wanted: PackageKey): string | undefined => {
  if (packageKeyString(manifest) !== packageKeyString(wanted))
    return `its manifest is for ${packageKeyString(manifest)}, not ${packageKeyString(wanted)}`;
  const names = manifest.modules.map(({ name }) => name);
  const files = manifest.modules.map(({ file }) => file);
  if (new Set(names).size < names.length || new Set(files).size < files.length) return 'it names a module twice';
  return undefined;
};

/** Whether a module file is what the manifest says of it. */
export const moduleProblem = (packaged: PackagedModule, info: ModuleInfo): string | undefined => {
  const said: Record<string, readonly [string, string]> = {
    name: [packaged.name, info.name],
    srcversion: [packaged.srcversion, info.srcversion],
    vermagic: [packaged.vermagic.trim(), info.vermagic],
  };
  const wrong = Object.entries(said).find(([, [manifest, file]]) => manifest !== file);
  if (wrong === undefined) return undefined;
  const [name, [manifest, file]] = wrong;
  return `${packaged.file} has the ${name} "${file}", its manifest says "${manifest}"`;
};

/** What is checked before anything on the node is touched. */
export interface LoadCheck {
  readonly id: string;
  readonly modules: readonly ReadModule[];
  readonly kernel: KernelFacts;
  /** CRCs of the kernel's symbols, where the node tells them. */
  readonly symbols?: ReadonlyMap<string, number>;
}

/** Why the kernel would refuse a package, as far as that can be known before; `undefined`: nothing speaks against it. */
export const refusalOf = ({ id, modules, kernel, symbols }: LoadCheck): Failure | undefined => {
  if (kernel.modulesDisabled !== undefined) return failure('ModulesDisabled', { cause: kernel.modulesDisabled });
  for (const { info } of modules) {
    const refusal =
      architectureRefusal(id, info, kernel) ??
      vermagicRefusal(info, kernel) ??
      signatureRefusal(info, kernel) ??
      symbolRefusal(info, symbols);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
};

const architectureRefusal = (id: string, info: ModuleInfo, { machine }: KernelFacts): Failure | undefined =>
  info.architecture === architectureOf(machine)
    ? undefined
    : failure('PackageInvalid', { package: id, cause: `${info.name} is for ${info.architecture}` });

const vermagicRefusal = (info: ModuleInfo, { release, vermagic }: KernelFacts): Failure | undefined =>
  compareVermagic(info.vermagic, release, vermagic) === undefined
    ? undefined
    : failure('VermagicMismatch', { module: info.name, found: info.vermagic, kernel: vermagic ?? release });

/** Whose signature it is only the kernel knows to be trusted: that is seen when it is loaded. */
const signatureRefusal = (info: ModuleInfo, { signatures }: KernelFacts): Failure | undefined =>
  info.signed || !signatures.enforced
    ? undefined
    : failure('ModuleNotSigned', { module: info.name, policy: signatures.by });

const NAMED_SYMBOLS = 5;

/** Symbols that the kernel lacks are those of other modules, and not judged here. */
const symbolRefusal = (info: ModuleInfo, symbols?: ReadonlyMap<string, number>): Failure | undefined => {
  const other = [...info.imports]
    .filter(([symbol, crc]) => (symbols?.get(symbol) ?? crc) !== crc)
    .map(([name]) => name);
  if (other.length === 0) return undefined;
  return failure('SymbolVersionMismatch', { module: info.name, symbols: someOf(other.sort(), NAMED_SYMBOLS) });
};

/** The first `most` of a list, and how many there are beyond. */
export const someOf = (texts: readonly string[], most: number): string => {
  const more = texts.length - most;
  return [...texts.slice(0, most), ...(more > 0 ? [`${more} more`] : [])].join(', ');
};

/**
 * Whether a loaded module is that of the package. Without a srcversion nobody can tell: then only the loader's own
 * record does, that it was this package that was loaded under this boot.
 */
export const isSame = (packaged: PackagedModule, live: LiveModule | undefined, recorded: boolean): boolean =>
  live !== undefined && live.srcversion === packaged.srcversion && (packaged.srcversion !== '' || recorded);

/** Why a load can't be called a success: the first module that the kernel does not show as it should. */
export const confirmationProblem = (
  { modules }: PackageManifest,
  live: ReadonlyMap<string, LiveModule>,
): Failure | undefined => {
  const wrong = modules.find(({ name, srcversion }) => live.get(name)?.srcversion !== srcversion);
  if (wrong === undefined) return undefined;
  const found = live.get(wrong.name);
  const shown = found === undefined ? 'no such module' : found.srcversion || 'none';
  return failure('LoadNotConfirmed', { module: wrong.name, expected: wrong.srcversion || 'none', found: shown });
};

/** Modules that a package needs and does not bring: loaded from the kernel's own before. Sorted. */
export const foreignNeeds = ({ modules }: PackageManifest): readonly string[] => {
  const own = new Set(modules.map(({ name }) => name));
  return [...new Set(modules.flatMap(({ depends }) => depends))].filter((name) => !own.has(name)).sort();
};

/** Modules of the kernel's own that WEKA uses where they are there. */
export const companions = ({ iommu }: Pick<KernelFacts, 'iommu'>): readonly string[] => [
  'uio',
  'uio_pci_generic',
  ...(iommu ? ['vfio-pci'] : []),
  'arp_tables',
];

/** Milliseconds to wait before a download, the same for a node each time: so nodes that start together don't fetch together. */
export const jitter = (node: string, seconds: number): number =>
  Math.floor((createHash('sha256').update(node).digest().readUInt32BE(0) / 2 ** 32) * seconds * 1000);
