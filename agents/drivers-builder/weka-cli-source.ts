import { join } from 'node:path';
import { compareVermagic, readModuleInfo } from '../../lib/drivers/module-info';
import { failure, refuse } from '../shared/failure';
import { buildProblem } from './decide';
import type { BuildContext, DriverSource } from './driver-source';
import { buildEnvironment } from './driver-source';
import { tell } from './kbuild-source';
import { Output } from './output';

/** The WEKA version of an image from the names of its release files: `4.4.5.118.spec`; `undefined`: not exactly one. */
export const releaseVersion = (names: readonly string[]): string | undefined => {
  const versions = names.flatMap((name) => /^(.+?)\.spec\b/.exec(name)?.[1] ?? []);
  return versions.length === 1 ? versions[0] : undefined;
};

/** Whether the help of `weka driver` lists the command that packs drivers. */
export const listsPack = (lines: readonly string[]): boolean => lines.some((line) => /^\s*pack\b/.test(line));

/**
 * WEKA's own command, where the image has it: `weka driver pack` builds for the kernel that runs and leaves an archive with
 * the modules below dist/drivers of WEKA's directory. What the command and its archive look like is what WEKA's public
 * operator shows of them; no WEKA image was at hand.
 */
export class WekaCliSource implements DriverSource {
  readonly name = 'weka driver';

  /** `program`: path of weka. `directory`: WEKA's, /opt/weka. */
  constructor(
    private readonly program: string,
    private readonly directory: string,
  ) {}

  async build(context: BuildContext): Promise<readonly Buffer[]> {
    const { host, log, node, target, machine, signal, extraBuildArgs } = context;
    const { kernel } = target;
    const running = machine.runningKernel;
    if (running !== kernel) refuse(failure('KernelNotBooted', { node, running, kernel }));
    const version = releaseVersion(await host.namesIn(join(this.directory, 'dist/release'))) ?? target.wekaVersion;
    const args = ['driver', 'pack', '--without-agent', '--version', version, ...extraBuildArgs];
    log.info('Building with the weka command', { args });
    const output = new Output();
    const command = { program: this.program, args, env: buildEnvironment('/root') };
    const ended = await host.run(command, { onLine: tell(context, output), signal });
    refuse(buildProblem({ kernel, node, path: this.directory }, ended, output));
    const modules = await host.readModules(join(this.directory, 'dist/drivers'));
    // An image may bring drivers for other kernels along.
    return modules.filter((content) => isFor(kernel, content));
  }
}

const isFor = (kernel: string, content: Buffer): boolean => {
  const read = readModuleInfo(content);
  return 'problem' in read || compareVermagic(read.module.vermagic, kernel) === undefined;
};

/** WEKA's command if this machine has one that packs drivers. */
export const findWekaCli = async (
  { host, log, signal }: Pick<BuildContext, 'host' | 'log' | 'signal'>,
  directory: string,
): Promise<WekaCliSource | undefined> => {
  const program = await host.findProgram(['weka']);
  if (program === undefined) return undefined;
  const lines: string[] = [];
  const command = { program, args: ['driver', '--help'], env: buildEnvironment('/root') };
  const ended = await host.run(command, { onLine: (line) => lines.push(line), signal });
  if (ended.how === 'exited' && listsPack(lines)) return new WekaCliSource(program, directory);
  log.info('The weka command of the image cannot pack drivers', { program });
  return undefined;
};
