import { refuse } from '../shared/failure';
import { buildProblem } from './decide';
import type { BuildContext, DriverSource, Tools } from './driver-source';
import { buildEnvironment } from './driver-source';
import type { Command } from './host';
import { Output } from './output';

/** Files that are compiled at once: the container has two processors. */
const JOBS = 4;
const FLAGS = 'KCFLAGS=';

/**
 * The arguments of make. The directory is mapped away, so that the same sources give the same bytes wherever they lie;
 * all that fails is tried (-k) and told in whole pieces (-O), so that the same failure is told alike. What users add comes
 * last and wins, but for KCFLAGS: those are joined.
 */
export const makeArguments = (
  copy: string,
  tools: Pick<Tools, 'headers' | 'compiler'>,
  extra: readonly string[],
): string[] => {
  const flags = extra.filter((argument) => argument.startsWith(FLAGS)).map((argument) => argument.slice(FLAGS.length));
  return [
    ...['-C', tools.headers.directory, `M=${copy}`],
    ...['-k', '-O', `-j${JOBS}`, `CC=${tools.compiler}`],
    `${FLAGS}${[`-ffile-prefix-map=${copy}=.`, ...flags].join(' ')}`,
    'modules',
    ...extra.filter((argument) => !argument.startsWith(FLAGS)),
  ];
};

/** Driver sources of the image, built by the kernel's own build system. */
export class KbuildSource implements DriverSource {
  readonly name = 'kbuild';

  /** `copy`: of the sources, in the scratch directory; it is built in place. */
  constructor(
    private readonly copy: string,
    private readonly scratch: string,
  ) {}

  async build(context: BuildContext, tools: Tools): Promise<readonly Buffer[]> {
    const { host, log, node, target, extraBuildArgs, signal } = context;
    const output = new Output(this.copy);
    const args = makeArguments(this.copy, tools, extraBuildArgs);
    log.info('Building with kbuild', { args });
    const ended = await host.run(this.command(tools.make, args), { onLine: tell(context, output), signal });
    refuse(buildProblem({ kernel: target.kernel, node, path: this.scratch }, ended, output));
    await this.strip(context, tools);
    return host.readModules(this.copy);
  }

  /** Debug information is many times the size of the code, and of no use without sources. */
  private async strip(context: BuildContext, { strip }: Tools): Promise<void> {
    const { host, log, node, target, signal } = context;
    const files = await host.moduleFiles(this.copy);
    if (files.length === 0) return;
    if (strip === undefined) return log.warn('There is no strip: debug information stays in the modules');
    const output = new Output(this.copy);
    const command = this.command(strip, ['--strip-debug', ...files]);
    const ended = await host.run(command, { onLine: tell(context, output), signal });
    refuse(buildProblem({ kernel: target.kernel, node, path: this.scratch }, ended, output));
  }

  private command(program: string, args: readonly string[]): Command {
    return { program, args, env: buildEnvironment(this.scratch) };
  }
}

/** What a program says goes to the log line by line, and is looked at for errors. */
export const tell =
  ({ log }: Pick<BuildContext, 'log'>, output: Output) =>
  (line: string): void => {
    output.take(line);
    log.info('Output', { line });
  };
