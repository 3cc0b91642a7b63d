/** A drive of the guest: it appears as /dev/nvme0n1, /dev/nvme1n1, … in their order. */
export interface Disk {
  /** A raw image. What the guest wrote and synced is in it afterwards; `newDisk` makes one. */
  readonly file: string;
  /** What the drive calls itself, up to 20 characters. Default: DISK0001, DISK0002, … */
  readonly serial?: string;
}

/** Of the firmware with Secure Boot on and the snake oil keys of Debian enrolled. */
export const OVMF = {
  code: '/usr/share/OVMF/OVMF_CODE_4M.secboot.fd',
  variables: '/usr/share/OVMF/OVMF_VARS_4M.snakeoil.fd',
};

export interface QemuOptions {
  readonly kernel: string;
  readonly initrd: string;
  /** Added to the kernel's command line: `module.sig_enforce=1`. */
  readonly append: string;
  readonly memoryMegabytes: number;
  readonly disks: readonly Disk[];
  /** File with the variables of the firmware (a copy of OVMF.variables): boots under Secure Boot. */
  readonly firmwareVariables?: string;
}

/**
 * Arguments of qemu-system-x86_64. Always plain emulation: a /dev/kvm inside of a virtual machine may exist and hang
 * stock kernels. The guest reaches 127.0.0.1 of this machine as 10.0.2.2.
 */
export const qemuArguments = (options: QemuOptions): string[] => [
  ...['-accel', 'tcg,thread=multi', '-cpu', 'max', '-smp', '2', '-m', `${options.memoryMegabytes}M`],
  ...['-kernel', options.kernel, '-initrd', options.initrd],
  ...['-append', ['console=ttyS0 panic=-1 quiet', options.append].join(' ').trim()],
  ...['-nographic', '-vga', 'none', '-no-reboot'],
  ...['-nic', 'user,model=virtio-net-pci', '-global', 'virtio-net-pci.romfile='],
  ...options.disks.flatMap(driveArguments),
  ...(options.firmwareVariables === undefined ? [] : secureBootArguments(options.firmwareVariables)),
];

/** Of one drive; `index`: how many are before it. */
export const driveArguments = ({ file, serial }: Disk, index: number): string[] => [
  // A comma in a file name is doubled; the host's page cache is as good as a disk for a guest that is cut off.
  ...['-drive', `file=${file.replaceAll(',', ',,')},if=none,id=disk${index},format=raw,cache=unsafe`],
  ...['-device', `nvme,serial=${serial ?? `DISK${String(index + 1).padStart(4, '0')}`},drive=disk${index}`],
];

const secureBootArguments = (variables: string): string[] => [
  ...['-machine', 'q35,smm=on', '-global', 'driver=cfi.pflash01,property=secure,value=on'],
  ...['-drive', `if=pflash,format=raw,unit=0,readonly=on,file=${OVMF.code}`],
  ...['-drive', `if=pflash,format=raw,unit=1,file=${variables.replaceAll(',', ',,')}`],
];
