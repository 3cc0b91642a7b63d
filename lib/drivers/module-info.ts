/** What a kernel module file says of itself. */
export interface ModuleInfo {
  /** As /sys/module shows it: `wekafsio`. */
  readonly name: string;
  /** As Kubernetes names it. */
  readonly architecture: 'amd64' | 'arm64';
  /** MODULE_VERSION. */
  readonly version?: string;
  /** Empty where the module carries none. */
  readonly srcversion: string;
  /** The whole string, trimmed: kernel release first, then the flags that must agree with the kernel's. */
  readonly vermagic: string;
  /** Names of modules that must be loaded before, in the form of /sys/module. */
  readonly depends: readonly string[];
  readonly license: string;
  readonly aliases: readonly string[];
  /** Whether a signature is appended; not whether anybody trusts it. */
  readonly signed: boolean;
  /** Common name of who signed it, where the signature names one. */
  readonly signer?: string;
  /** With modversions: symbol that it needs → CRC that it was built against. Empty without. */
  readonly imports: ReadonlyMap<string, number>;
  /** Symbols that it exports. */
  readonly exports: readonly string[];
}

/** A sentence without a subject: `it is not an ELF file`. */
interface Problem {
  readonly problem: string;
}

const ELF_HEADER_BYTES = 64;
const SECTION_HEADER_BYTES = 64;
/** Sections of this type have a size and no bytes. */
const SHT_NOBITS = 8;
const MACHINES: Readonly<Record<number, ModuleInfo['architecture']>> = { 62: 'amd64', 183: 'arm64' };
/** First bytes of what is no module yet. */
const COMPRESSIONS: readonly (readonly [string, string])[] = [
  ['1f8b', 'gzip'],
  ['fd377a585a00', 'xz'],
  ['28b52ffd', 'zstd'],
];

type Sections = ReadonlyMap<string, Buffer>;

/** Reads a module file (`.ko`, not compressed). Never throws, whatever the bytes. */
export const readModuleInfo = (file: Buffer): { readonly module: ModuleInfo } | Problem => {
  const { content, signature } = splitSignature(file);
  const elf = readElf(content);
  if ('problem' in elf) return elf;
  const described = describe(readModinfo(elf.sections.get('.modinfo')));
  if ('problem' in described) return described;
  return {
    module: {
      ...described,
      architecture: elf.architecture,
      ...signatureOf(signature),
      imports: readImports(elf.sections),
      exports: words(elf.sections.get('__ksymtab_strings')?.toString('utf8') ?? '', '\0'),
    },
  };
};

type Described = Pick<ModuleInfo, 'name' | 'version' | 'srcversion' | 'vermagic' | 'depends' | 'license' | 'aliases'>;

/** What `.modinfo` says, by key. */
const describe = (facts: (key: string) => string[]): Described | Problem => {
  const [name = ''] = facts('name');
  const vermagic = (facts('vermagic')[0] ?? '').trim();
  if (!/^[A-Za-z0-9_]{1,64}$/.test(name)) return { problem: 'its .modinfo names no module' };
  if (vermagic === '') return { problem: 'its .modinfo has no vermagic' };
  const [version] = facts('version');
  return {
    name,
    ...(version === undefined ? {} : { version }),
    srcversion: facts('srcversion')[0] ?? '',
    vermagic,
    depends: words(facts('depends')[0] ?? '', ',').map((module) => module.replaceAll('-', '_')),
    license: facts('license')[0] ?? '',
    aliases: facts('alias'),
  };
};

const signatureOf = (signature: Buffer | undefined): Pick<ModuleInfo, 'signed' | 'signer'> => {
  const signer = signature === undefined ? undefined : commonName(signature);
  return { signed: signature !== undefined, ...(signer === undefined ? {} : { signer }) };
};

const words = (text: string, separator: string): string[] => text.split(separator).filter((word) => word !== '');

/** `undefined` where the file does not hold those bytes. */
const slice = (file: Buffer, offset: number, size: number): Buffer | undefined =>
  offset >= 0 && size >= 0 && offset + size <= file.length ? file.subarray(offset, offset + size) : undefined;

/** A 64-bit number; those beyond 2^53 lose digits, and are outside of any file anyway. */
const long = (bytes: Buffer, offset: number): number => Number(bytes.readBigUInt64LE(offset));

const cString = (bytes: Buffer, offset: number): string => {
  const end = bytes.indexOf(0, offset);
  return bytes.toString('utf8', offset, end < 0 ? bytes.length : end);
};

const readElf = (file: Buffer): { architecture: ModuleInfo['architecture']; sections: Sections } | Problem => {
  const problem = notElf(file);
  if (problem !== undefined) return { problem };
  const architecture = MACHINES[file.readUInt16LE(18)];
  if (architecture === undefined) return { problem: 'it is for neither x86-64 nor aarch64' };
  const sections = readSections(file);
  return sections === undefined ? { problem: 'its section table is damaged' } : { architecture, sections };
};

const notElf = (file: Buffer): string | undefined => {
  const start = file.subarray(0, 6).toString('hex');
  const compression = COMPRESSIONS.find(([magic]) => start.startsWith(magic))?.[1];
  if (compression !== undefined) return `it is compressed (${compression})`;
  if (!start.startsWith('7f454c46')) return 'it is not an ELF file';
  if (!start.startsWith('0201', 8)) return 'it is not 64-bit little-endian';
  return file.length < ELF_HEADER_BYTES ? 'it is cut off' : undefined;
};

const readSections = (file: Buffer): Sections | undefined => {
  const count = file.readUInt16LE(60);
  const table = slice(file, long(file, 40), count * SECTION_HEADER_BYTES);
  if (table === undefined || count === 0 || file.readUInt16LE(58) !== SECTION_HEADER_BYTES) return undefined;
  const headers = Array.from({ length: count }, (_, at) => table.subarray(at * SECTION_HEADER_BYTES));
  const bytesOf = (header: Buffer | undefined): Buffer | undefined =>
    header === undefined ? undefined : slice(file, long(header, 24), long(header, 32));
  const names = bytesOf(headers[file.readUInt16LE(62)]);
  if (names === undefined) return undefined;
  const sections = new Map<string, Buffer>();
  for (const header of headers) {
    const bytes = header.readUInt32LE(4) === SHT_NOBITS ? undefined : bytesOf(header);
    const name = cString(names, header.readUInt32LE(0));
    if (bytes !== undefined && !sections.has(name)) sections.set(name, bytes);
  }
  return sections;
};

/** `.modinfo` is `key=value` texts with zero bytes between them; a key may come more than once. */
const readModinfo = (section: Buffer | undefined): ((key: string) => string[]) => {
  const texts = words(section?.toString('utf8') ?? '', '\0');
  return (key) => texts.filter((text) => text.startsWith(`${key}=`)).map((text) => text.slice(key.length + 1));
};

/** Size of one entry of `__versions`: a CRC as `unsigned long`, and a name. */
const VERSION_BYTES = 64;

const readImports = (sections: Sections): ReadonlyMap<string, number> => {
  const imports = new Map<string, number>();
  const table = sections.get('__versions') ?? Buffer.alloc(0);
  for (let at = 0; at + VERSION_BYTES <= table.length; at += VERSION_BYTES) {
    const symbol = cString(table.subarray(at + 8, at + VERSION_BYTES), 0);
    if (symbol !== '') imports.set(symbol, table.readUInt32LE(at));
  }
  // Kernels from 6.14 on may write names of any length, in two sections of their own.
  const crcs = sections.get('__version_ext_crcs') ?? Buffer.alloc(0);
  words(sections.get('__version_ext_names')?.toString('utf8') ?? '', '\0').forEach((symbol, at) => {
    if (at * 4 + 4 <= crcs.length) imports.set(symbol, crcs.readUInt32LE(at * 4));
  });
  return imports;
};

const SIGNATURE_MARK = Buffer.from('~Module signature appended~\n');
/** Between signature and mark: kinds of key and digest, and the signature's length as the last four bytes. */
const SIGNATURE_TRAILER_BYTES = 12;

const splitSignature = (file: Buffer): { content: Buffer; signature?: Buffer } => {
  const trailer = file.length - SIGNATURE_MARK.length - SIGNATURE_TRAILER_BYTES;
  if (trailer < 0 || !file.subarray(-SIGNATURE_MARK.length).equals(SIGNATURE_MARK)) return { content: file };
  const length = file.readUInt32BE(trailer + SIGNATURE_TRAILER_BYTES - 4);
  const signature = slice(file, trailer - length, length);
  return signature === undefined ? { content: file } : { content: file.subarray(0, trailer - length), signature };
};

/** The object identifier of a common name, DER-encoded, and how texts are tagged there. */
const COMMON_NAME = Buffer.from('0603550403', 'hex');
const DER_TEXTS = [0x0c, 0x13, 0x14, 0x16];

/**
 * The last common name in a PKCS #7 signature. Kernels' tools put no certificates into it, so that the only one is the
 * issuer by which the signature names its key. Good enough to tell people; it decides nothing.
 */
const commonName = (signature: Buffer): string | undefined => {
  const at = signature.lastIndexOf(COMMON_NAME);
  if (at < 0) return undefined;
  const [tag = 0, length = 0] = signature.subarray(at + COMMON_NAME.length, at + COMMON_NAME.length + 2);
  const text = slice(signature, at + COMMON_NAME.length + 2, length);
  return DER_TEXTS.includes(tag) && length < 0x80 && length > 0 ? text?.toString('utf8') : undefined;
};

/** How a module's vermagic differs from a kernel: in the release, or in the flags behind it. */
export interface VermagicDifference {
  readonly part: 'release' | 'flags';
  readonly module: string;
  readonly kernel: string;
}

const splitVermagic = (vermagic: string): [release: string, flags: string] => {
  const [release = '', ...flags] = words(vermagic.trim(), ' ');
  return [release, flags.join(' ')];
};

/**
 * Whether a kernel takes a module with this vermagic; `undefined`: it does. Release and, where the kernel's own
 * vermagic is known, flags must agree. A kernel with modversions would ignore the release: we don't, because packages
 * are made for one release.
 */
export const compareVermagic = (
  vermagicOfModule: string,
  kernelRelease: string,
  vermagicOfKernel?: string,
): VermagicDifference | undefined => {
  const [release, flags] = splitVermagic(vermagicOfModule);
  if (release !== kernelRelease) return { part: 'release', module: release, kernel: kernelRelease };
  if (vermagicOfKernel === undefined) return undefined;
  const [, kernelFlags] = splitVermagic(vermagicOfKernel);
  return flags === kernelFlags ? undefined : { part: 'flags', module: flags, kernel: kernelFlags };
};
