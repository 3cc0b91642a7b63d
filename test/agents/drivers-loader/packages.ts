import { createHash } from 'node:crypto';
import { packArchive } from '../../../agents/shared/archive';
import type { PackageKey } from '../../../lib/drivers/package';
import type { IndexEntry } from '../../../lib/drivers/package-index';
import type { PackageManifest } from '../../../lib/drivers/package-manifest';
import { readModuleInfo } from '../../../lib/drivers/module-info';
import { aModule } from '../../drivers/module-file';
import { RELEASE, VERMAGIC } from './fake-kernel';

export const WEKA_VERSION = '4.4.5.118-k8s.4';
export const KEY: PackageKey = { wekaVersion: WEKA_VERSION, kernel: RELEASE, architecture: 'amd64' };

export const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** What a test says of a module; the rest is as it should be. */
export interface TestModule {
  readonly name: string;
  readonly srcversion?: string;
  readonly depends?: readonly string[];
  readonly vermagic?: string;
  readonly versions?: readonly (readonly [symbol: string, crc: number])[];
  readonly machine?: number;
  /** Common name of who signed it. */
  readonly signer?: string;
}

const MARK = Buffer.from('~Module signature appended~\n');

/** As sign-file does it, as far as readers look: a signature that names somebody, its length, the mark. */
const signedBy = (module: Buffer, signer: string): Buffer => {
  const signature = Buffer.concat([
    Buffer.from('06035504030c', 'hex'),
    Buffer.from([signer.length]),
    Buffer.from(signer),
  ]);
  const trailer = Buffer.alloc(12);
  trailer.writeUInt32BE(signature.length, 8);
  return Buffer.concat([module, signature, trailer, MARK]);
};

export const moduleFile = (module: TestModule): Buffer => {
  const { name, srcversion = '', depends = [], vermagic = VERMAGIC, versions, machine, signer } = module;
  const bytes = aModule({
    modinfo: {
      name,
      ...(srcversion === '' ? {} : { srcversion }),
      depends: depends.join(','),
      vermagic: `${vermagic} `,
      license: 'GPL',
    },
    ...(versions === undefined ? {} : { versions }),
    ...(machine === undefined ? {} : { machine }),
  });
  return signer === undefined ? bytes : signedBy(bytes, signer);
};

/** The driver of a version: two modules, the second needing the first. `letter` makes its srcversions. */
export const driver = (letter = 'A', more: Partial<TestModule> = {}): TestModule[] => [
  { name: 'wekafsgw', srcversion: `GW${letter}`, ...more },
  { name: 'wekafsio', srcversion: `IO${letter}`, depends: ['wekafsgw'], ...more },
];

export const manifestOf = (modules: readonly TestModule[], key: PackageKey = KEY): PackageManifest => ({
  schema: 1,
  ...key,
  toolchain: { compiler: 'gcc 12.2.0', builder: 'kbuild' },
  modules: modules.map((module) => {
    const content = moduleFile(module);
    const read = readModuleInfo(content);
    if ('problem' in read) throw new Error(read.problem);
    const { name, srcversion, vermagic, depends } = read.module;
    return { name, file: `modules/${name}.ko`, sha256: sha256(content), srcversion, vermagic, depends };
  }),
});

export interface TestPackage {
  readonly bytes: Buffer;
  readonly entry: IndexEntry;
}

export const packageOf = (bytes: Buffer, key: PackageKey = KEY): TestPackage => ({
  bytes,
  entry: { ...key, sha256: sha256(bytes), size: bytes.length, source: 'built' },
});

/** A package of these modules, its manifest changed by `change`. */
export const aPackage = async (
  modules: readonly TestModule[] = driver(),
  { key = KEY, change = (manifest: PackageManifest): object => manifest } = {},
): Promise<TestPackage> => {
  const manifest = Buffer.from(JSON.stringify(change(manifestOf(modules, key))));
  const files = modules.map((module) => ({ name: `modules/${module.name}.ko`, content: moduleFile(module) }));
  return packageOf(await packArchive([{ name: 'manifest.json', content: manifest }, ...files]), key);
};
