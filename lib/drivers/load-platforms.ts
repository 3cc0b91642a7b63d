/**
 * What differs between the distributions that drivers are loaded on. Data for documentation and messages: no code
 * branches on it, and only what `run` says was ever run by the tests of this project.
 */
export interface Platform {
  readonly name: string;
  /** What distinguishes it in the `osImage` that Nodes report, lower-case. */
  readonly osImage: RegExp;
  /** Package with the headers of a kernel; `{kernel}` is its release. `undefined`: none can be installed on the node. */
  readonly headers?: string;
  /** Command that installs it. */
  readonly install?: string;
  /** Whether the tests load modules into a kernel of it. */
  readonly run: boolean;
  /** What an administrator must know. */
  readonly notes: readonly string[];
}

const SIGNED_BOOT =
  'Under Secure Boot modules must be signed with a key that is enrolled with mokutil, or is in the firmware’s db.';
const SELINUX = 'SELinux: the loader runs as spc_t; container_t may not load modules.';

export const PLATFORMS: readonly Platform[] = [
  {
    name: 'Debian',
    osImage: /^debian/,
    headers: 'linux-headers-{kernel}',
    install: 'apt-get install -y linux-headers-{kernel}',
    run: true,
    notes: [SIGNED_BOOT, 'Headers link into /usr/src and /usr/lib/linux-kbuild-*: builders mount all of them.'],
  },
  {
    name: 'Ubuntu',
    osImage: /^ubuntu/,
    headers: 'linux-headers-{kernel}',
    install: 'apt-get install -y linux-headers-{kernel}',
    run: false,
    notes: [
      SIGNED_BOOT,
      'Headers link into /usr/src/linux-headers-*.',
      'AppArmor’s profile for containers hides the open files of other processes: they are then not named as users of a module.',
    ],
  },
  {
    name: 'Red Hat Enterprise Linux',
    osImage: /^red hat enterprise linux(?! coreos)/,
    headers: 'kernel-devel-{kernel}',
    install: 'dnf install -y kernel-devel-{kernel}',
    run: false,
    notes: [SIGNED_BOOT, SELINUX, 'Symbol versions of the kernel are at /lib/modules/{kernel}/symvers.gz (or .xz).'],
  },
  {
    name: 'Rocky Linux',
    osImage: /^rocky linux/,
    headers: 'kernel-devel-{kernel}',
    install: 'dnf install -y kernel-devel-{kernel}',
    run: false,
    notes: [SIGNED_BOOT, SELINUX],
  },
  {
    name: 'Red Hat CoreOS',
    osImage: /coreos/,
    run: false,
    notes: [
      SIGNED_BOOT,
      SELINUX,
      'The node has no headers: build in the Driver Toolkit image of its release (builderImageOverride).',
      '/opt is a link into /var: packages in the node’s cache survive updates of the system.',
    ],
  },
  {
    name: 'Container-Optimized OS',
    osImage: /container-optimized os/,
    run: false,
    notes: [
      'The kernel takes modules from its own file system only (LoadPin) and only signed ones, unless the node pool is made otherwise; nothing here changes that.',
      'The node has no headers: they come with the release of the system, and builderImageOverride must hold them.',
      '/opt is not kept through a reboot: packages are then downloaded again.',
    ],
  },
];

/** The platform of a Node; `undefined`: one that nothing is known about. */
export const platformOf = (osImage: string): Platform | undefined =>
  PLATFORMS.find((platform) => platform.osImage.test(osImage.toLowerCase()));
