import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { runProgram } from '../artefacts/run-program';
import { exists } from '../artefacts/store';
import type { Kernel } from '../node/vm/kernel';
import type { Disk } from '../node/vm/qemu';
import { driveArguments } from '../node/vm/qemu';
import { NETWORK } from './addresses';
import type { NodeDisks } from './disks';
import { makeFileSystem } from './file-system';
import { DRIVES } from './node-files';
import type { Said } from './node-shell';
import { NodeShell } from './node-shell';

export interface MachineOptions {
  /** Everything it writes goes in here. */
  readonly directory: string;
  readonly kernel: Kernel;
  /** Copied, not changed. */
  readonly disks: NodeDisks;
  /** Files of the drive with its credentials, by name. */
  readonly identity: Readonly<Record<string, string>>;
  /** More drives, behind its own. */
  readonly drives: readonly Disk[];
  /** See Network. */
  readonly launcher: readonly string[];
}

/** The virtual machine that the node is. Its drives stay what they are between boots. */
export class NodeMachine {
  private qemu: { readonly process: ChildProcess; readonly gone: Promise<void>; readonly shell: NodeShell } | undefined;
  private boots = 0;

  private constructor(private readonly options: MachineOptions) {}

  /** Makes its drives. It is off. */
  static async create(options: MachineOptions): Promise<NodeMachine> {
    const { directory, disks, identity } = options;
    const tree = join(directory, 'identity');
    await mkdir(tree);
    for (const [name, text] of Object.entries(identity)) await writeFile(join(tree, name), text, { mode: 0o600 });
    await makeFileSystem(join(directory, 'identity.img'), tree, 16);
    for (const name of ['root', 'containers'] as const) {
      // Holes stay holes: most of a drive is empty.
      await runProgram('cp', ['--sparse=always', '--reflink=auto', disks[name], join(directory, `${name}.img`)]);
    }
    return new NodeMachine(options);
  }

  /** Turns it on. Resolves when its own shell answers, long before the kubelet does. */
  async powerOn(): Promise<void> {
    if (this.qemu !== undefined) throw new Error('the node is on');
    this.boots++;
    const socket = join(this.options.directory, 'shell.sock');
    await rm(socket, { force: true });
    const log = openSync(this.consoleFile(this.boots), 'a');
    const [program, ...args] = [
      ...this.options.launcher,
      'setpriv',
      '--pdeathsig',
      'KILL',
      '--',
      ...this.command(socket),
    ];
    const child = spawn(program as string, args, { stdio: ['ignore', log, log] });
    closeSync(log);
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()).once('error', () => resolve()));
    this.qemu = { process: child, gone, shell: new NodeShell(socket) };
    await Promise.race([this.untilUp(socket), gone.then(() => this.explain('QEMU ended'))]);
  }

  /** Pulls the plug: what the node had not yet written to its drives is lost. */
  async powerOff(): Promise<void> {
    const qemu = this.qemu;
    if (qemu === undefined) return;
    this.qemu = undefined;
    qemu.shell.close();
    qemu.process.kill('SIGKILL');
    await qemu.gone;
  }

  /** Runs a command on the node, as root, past everything of Kubernetes. Rejects while it is off. */
  run(command: string, timeoutMs?: number): Promise<Said> {
    if (this.qemu === undefined) return Promise.reject(new Error('the node is off'));
    return this.qemu.shell.run(command, timeoutMs);
  }

  /** What it printed since it was turned on the `boot`-th time. Default: the last. */
  async console(boot = this.boots): Promise<string> {
    return readFile(this.consoleFile(boot), 'utf8').catch(() => '');
  }

  private consoleFile(boot: number): string {
    return join(this.options.directory, `console-${boot}.log`);
  }

  private command(socket: string): string[] {
    const { kernel, directory, drives } = this.options;
    const own = (['root', 'containers', 'identity'] as const).map((name) => ({
      file: join(directory, `${name}.img`),
      serial: DRIVES[name],
    }));
    return [
      ...['qemu-system-x86_64', '-accel', 'tcg,thread=multi', '-cpu', 'max', '-smp', '2'],
      // What Pods may ask for; of this machine's memory it takes only what the guest touches.
      ...['-m', '5G', '-kernel', kernel.image],
      // The kernel numbers drives in the order given here, but for the root by their serial numbers: see node-files.ts.
      ...['-append', 'console=ttyS0 panic=-1 quiet root=/dev/nvme0n1 rw rootwait init=/sbin/node-init'],
      ...['-display', 'none', '-vga', 'none', '-no-reboot', '-monitor', 'none'],
      ...['-serial', 'stdio', '-serial', `unix:${socket},server=on,wait=off`],
      ...['-netdev', `tap,id=net0,ifname=${NETWORK.tap},script=no,downscript=no`],
      ...['-device', 'virtio-net-pci,netdev=net0', '-global', 'virtio-net-pci.romfile='],
      ...[...own, ...drives].flatMap(driveArguments),
    ];
  }

  private async untilUp(socket: string): Promise<void> {
    const deadline = Date.now() + 300_000;
    while (!(await exists(socket)) || !(await this.console()).includes('@@ up')) {
      if (Date.now() > deadline) await this.explain('the node did not come up within 300 s');
      if (this.qemu === undefined) throw new Error('the node was turned off while it came up');
      await wait(100);
    }
  }

  private async explain(what: string): Promise<never> {
    throw new Error(`${what}; its console ends:\n${(await this.console()).slice(-3000)}`);
  }
}
