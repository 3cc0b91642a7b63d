import { OperatorError } from '../../lib/base/errors';
import { compilerCandidates, readCompiler } from '../../lib/drivers/build-headers';
import { failure, refuse } from '../shared/failure';
import { compilerProblem, describeCompiler, headersProblem, kernelProblem, scriptProblem, toolProblem } from './decide';
import type { BuildContext, DriverSource, Tools } from './driver-source';
import { buildEnvironment } from './driver-source';
import type { BuilderHost } from './host';
import { KbuildSource, tell } from './kbuild-source';
import { Output } from './output';
import type { BuilderPaths } from './settings';
import { findWekaCli } from './weka-cli-source';

/** First step: can this machine build for the target at all? */
export const validateKernel = async ({ host, node, target, machine }: BuildContext): Promise<void> => {
  refuse(kernelProblem(target, { node, machine, directory: await host.kernelDirectory(target.kernel) }));
};

/** Variables that belong to the agent: a script has no use for them. */
const OWN = ['INSTRUCTIONS', 'PRE_RUN_SCRIPT', 'GATEWAY_URL', 'GATEWAY_TOKEN_FILE', 'CA_FILE'];

const scriptEnvironment = (kernel: string): Record<string, string> => {
  const inherited = Object.entries(process.env).flatMap(([name, value]) =>
    value === undefined || OWN.includes(name) ? [] : [[name, value] as const],
  );
  return { ...Object.fromEntries(inherited), DEBIAN_FRONTEND: 'noninteractive', TARGET_KERNEL: kernel };
};

/** Second step: the user's script, as root, by its own interpreter, or by /bin/sh where it names none. */
export const runPreRunScript = async (context: BuildContext, script: string): Promise<void> => {
  const { host, log, target, signal } = context;
  const path = await host.writeScript(script);
  const [program = path, ...args] = script.startsWith('#!') ? [path] : ['/bin/sh', path];
  log.info('Running the pre-run script');
  const output = new Output();
  const command = { program, args, env: scriptEnvironment(target.kernel) };
  const ended = await host.run(command, { onLine: tell(context, output), signal });
  refuse(scriptProblem(ended, output.last));
};

/** Third step: headers, compiler and libc. */
export const checkTools = async (context: BuildContext): Promise<Tools> => {
  const { host, log, node, target } = context;
  const { kernel } = target;
  const links = await host.linkNodeLibraries().catch((error: unknown) => {
    log.warn('What lies in /usr/lib of the node could not be linked', { error });
    return [];
  });
  if (links.length > 0) log.info('Linked what lies in /usr/lib of the node', { links });
  const headers = await host.headers(kernel);
  refuse(headersProblem(kernel, { node, os: await host.nodeOs(), headers }));
  const found = await findTools(host, headers.compiler);
  refuse(compilerProblem(kernel, headers.compiler, found));
  await checkHeaderTools(context, headers.tools);
  const { compiler = '', make = '', strip } = found;
  const toolchain = await describeTools(context, { compiler, make, kernelCompiler: headers.compiler });
  return { headers, compiler, make, ...(strip === undefined ? {} : { strip }), toolchain };
};

const describeTools = async (
  context: BuildContext,
  { compiler, make, kernelCompiler }: Readonly<Record<'compiler' | 'make' | 'kernelCompiler', string>>,
): Promise<Tools['toolchain']> => {
  const { log, machine } = context;
  const version = (await firstLine(context, compiler, ['-dumpfullversion', '-dumpversion'])) ?? '';
  const described = describeCompiler(compiler, version, kernelCompiler);
  if (described.warning !== undefined) log.warn(described.warning, { kernelCompiler });
  const makeVersion = await firstLine(context, make, ['--version']);
  return {
    compiler: described.text,
    ...(makeVersion === undefined ? {} : { make: makeVersion }),
    ...(machine.libc === '' ? {} : { libc: machine.libc }),
  };
};

type FoundTools = Readonly<Record<'compiler' | 'make' | 'ld' | 'strip', string | undefined>>;

const findTools = async (host: BuilderHost, kernelCompiler: string): Promise<FoundTools> => ({
  compiler: await host.findProgram(compilerCandidates(readCompiler(kernelCompiler))),
  make: await host.findProgram(['make']),
  ld: await host.findProgram(['ld']),
  strip: await host.findProgram(['strip']),
});

/** What a program says first; `undefined`: nothing, or it failed. */
const firstLine = async (
  { host, signal }: BuildContext,
  program: string,
  args: readonly string[],
): Promise<string | undefined> => {
  const lines: string[] = [];
  const command = { program, args, env: buildEnvironment('/') };
  const ended = await host.run(command, { onLine: (line) => lines.push(line), signal });
  return ended.how === 'exited' && ended.code === 0 ? lines[0] : undefined;
};

/** Called without arguments they complain of just that: what matters is whether they get so far. */
const checkHeaderTools = async (
  { host, node, target, signal }: BuildContext,
  tools: readonly string[],
): Promise<void> => {
  for (const program of tools) {
    const lines: string[] = [];
    const command = { program, args: [], env: buildEnvironment('/') };
    const ended = await host.run(command, { onLine: (line) => lines.push(line), signal });
    const cause = toolProblem(ended, lines);
    if (cause !== undefined) refuse(failure('BuildToolsUnusable', { kernel: target.kernel, node, cause }));
  }
};

/** What the image has to build from. */
export const findSource = async (context: BuildContext, paths: BuilderPaths): Promise<DriverSource> => {
  const cli = await findWekaCli(context, paths.weka);
  if (cli !== undefined) return cli;
  const copy = await context.host.copySources();
  if (copy === undefined) throw new OperatorError('DriverSourcesMissing', { directory: paths.driverSources });
  return new KbuildSource(copy, paths.scratch);
};
