import type { PackageKey } from './package';

/**
 * What the files of /proc and /sys say about loading modules, read from their text. Pure: agents read the files.
 */

/** The kernel's lockdown. Both kinds refuse modules without a trusted signature. */
export type Lockdown = 'none' | 'integrity' | 'confidentiality';
export type SecureBoot = 'Enabled' | 'Disabled' | 'Unsupported';

/** Which modules a kernel takes. */
export interface SignaturePolicy {
  readonly secureBoot: SecureBoot;
  readonly lockdown: Lockdown;
  /** Whether a module without a trusted signature is refused. */
  readonly enforced: boolean;
  /** What enforces it, for people: `Secure Boot, kernel lockdown`. Empty when nothing does. */
  readonly by: string;
}

/** What `signaturePolicy` reads; absent: the file is not there. */
export interface SignatureFiles {
  /** /sys/module/module/parameters/sig_enforce */
  readonly sigEnforce?: string;
  /** /sys/kernel/security/lockdown */
  readonly lockdown?: string;
  /** The firmware's variable SecureBoot from efivarfs: four bytes of attributes, one of value. */
  readonly secureBoot?: Buffer;
}

/** Name of the variable in /sys/firmware/efi/efivars. */
export const SECURE_BOOT_VARIABLE = 'SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c';

/** `none [integrity] confidentiality`: the one in brackets. */
const readLockdown = (text = ''): Lockdown => {
  const word = /\[(\w+)\]/.exec(text)?.[1];
  return word === 'integrity' || word === 'confidentiality' ? word : 'none';
};

const readSecureBoot = (variable: Buffer | undefined): SecureBoot => {
  if (variable?.length !== 5) return 'Unsupported';
  return variable[4] === 1 ? 'Enabled' : 'Disabled';
};

/** What a kernel demands of modules. Secure Boot alone demands nothing: distributions make it set lockdown or sig_enforce. */
export const signaturePolicy = (files: SignatureFiles): SignaturePolicy => {
  const lockdown = readLockdown(files.lockdown);
  const secureBoot = readSecureBoot(files.secureBoot);
  const demands = [
    ...(files.sigEnforce?.trim() === 'Y' ? ['module.sig_enforce'] : []),
    ...(lockdown === 'none' ? [] : [`kernel lockdown ${lockdown}`]),
  ];
  const by = demands.length > 0 && secureBoot === 'Enabled' ? ['Secure Boot', ...demands] : demands;
  return { secureBoot, lockdown, enforced: demands.length > 0, by: by.join(', ') };
};

/** `uname -m` as Kubernetes names architectures; `undefined`: WEKA has no driver for it. */
export const architectureOf = (machine: string): PackageKey['architecture'] | undefined =>
  ({ x86_64: 'amd64', aarch64: 'arm64' })[machine];

/** Type of WEKA's file system in mount tables. */
export const WEKA_FILE_SYSTEM = 'wekafs';
const MOST_MOUNTS = 20;

/** Mount points write spaces, tabs, newlines and backslashes as three octal digits. */
const unescape = (path: string): string =>
  path.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 8)));

/** Mount points of WEKA file systems in /proc/PID/mountinfo, sorted, at most 20. */
export const wekaMounts = (mountinfo: string): string[] => {
  const mounts = mountinfo.split('\n').flatMap((line) => {
    const [before = '', after = ''] = line.split(' - ', 2);
    const type = after.split(' ', 1)[0];
    return type === WEKA_FILE_SYSTEM ? [unescape(before.split(' ')[4] ?? '')] : [];
  });
  return [...new Set(mounts)].sort().slice(0, MOST_MOUNTS);
};

/**
 * The CRCs of a kernel's symbols: Module.symvers, or symvers as distributions install it. Lines are
 * `0xCRC<tab>symbol<tab>…`; others are left out. Zero stands for a symbol without a version.
 */
export const readSymbolVersions = (text: string): ReadonlyMap<string, number> => {
  const versions = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [crc = '', symbol = ''] = line.split(/\s+/, 2);
    const value = /^0x[0-9a-f]{1,8}$/.test(crc) ? parseInt(crc, 16) : 0;
    if (value !== 0 && symbol !== '') versions.set(symbol, value);
  }
  return versions;
};

/** The boot id as /proc/sys/kernel/random/boot_id shows it, and as Kubernetes reports it. */
export const readBootID = (text: string): string => text.trim();
