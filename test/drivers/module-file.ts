/** What a module file made by hand shall hold. */
export interface ModuleFile {
  readonly modinfo?: Readonly<Record<string, string>>;
  readonly aliases?: readonly string[];
  readonly exports?: readonly string[];
  /** CRCs of symbols, as 64-byte entries. */
  readonly versions?: readonly (readonly [symbol: string, crc: number])[];
  /** The same, as kernels from 6.14 on may write them. */
  readonly extendedVersions?: readonly (readonly [symbol: string, crc: number])[];
  /** e_machine; default x86-64. */
  readonly machine?: number;
}

const texts = (all: readonly string[]): Buffer => Buffer.from(all.map((text) => `${text}\0`).join(''));

const crcOf = (crc: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(crc);
  return bytes;
};

const sectionsOf = ({ modinfo, aliases, exports, versions, extendedVersions }: ModuleFile): [string, Buffer][] => [
  ['', Buffer.alloc(0)],
  ...(modinfo === undefined
    ? []
    : [
        [
          '.modinfo',
          texts([
            ...Object.entries(modinfo).map(([key, value]) => `${key}=${value}`),
            ...(aliases ?? []).map((alias) => `alias=${alias}`),
          ]),
        ] as [string, Buffer],
      ]),
  ['__ksymtab_strings', texts(exports ?? [])],
  [
    '__versions',
    Buffer.concat(
      (versions ?? []).map(([symbol, crc]) =>
        Buffer.concat([crcOf(crc), Buffer.alloc(4), Buffer.from(symbol.padEnd(56, '\0'))]),
      ),
    ),
  ],
  ['__version_ext_crcs', Buffer.concat((extendedVersions ?? []).map(([, crc]) => crcOf(crc)))],
  ['__version_ext_names', texts((extendedVersions ?? []).map(([symbol]) => symbol))],
];

/** An ELF file with the sections of a kernel module that can be read, and no code. */
export const aModule = (module: ModuleFile): Buffer => {
  const sections = sectionsOf(module);
  const names = texts([...sections.map(([name]) => name), '.shstrtab']);
  sections.push(['.shstrtab', names]);
  const header = Buffer.alloc(64);
  Buffer.from('7f454c46020101', 'hex').copy(header);
  header.writeUInt16LE(1, 16);
  header.writeUInt16LE(module.machine ?? 62, 18);
  header.writeUInt16LE(64, 58);
  header.writeUInt16LE(sections.length, 60);
  header.writeUInt16LE(sections.length - 1, 62);
  const contents: Buffer[] = [];
  const table: Buffer[] = [];
  let [offset, nameAt] = [64, 0];
  for (const [name, bytes] of sections) {
    const entry = Buffer.alloc(64);
    entry.writeUInt32LE(nameAt, 0);
    entry.writeUInt32LE(1, 4);
    entry.writeBigUInt64LE(BigInt(offset), 24);
    entry.writeBigUInt64LE(BigInt(bytes.length), 32);
    table.push(entry);
    contents.push(bytes);
    offset += bytes.length;
    nameAt += name.length + 1;
  }
  header.writeBigUInt64LE(BigInt(offset), 40);
  return Buffer.concat([header, ...contents, ...table]);
};
