import { OperatorError } from '../../lib/base/errors';
import type { BuilderObserved } from '../../lib/drivers/agent-documents';
import { packArchive } from '../shared/archive';
import type { BuildContext } from './driver-source';
import { packageContents, sha256Of } from './package-contents';
import { checkTools, findSource, runPreRunScript, validateKernel } from './prepare';
import type { BuilderPaths, BuilderSettings } from './settings';

/** What a builder is doing, as it reports it. */
export type BuildStep = BuilderObserved['step'];

/** A package that is ready to be uploaded. */
export interface BuiltPackage {
  readonly archive: Buffer;
  readonly sha256: string;
  /** For people: `gcc 12.2.0`. */
  readonly compiler: string;
}

/** What a build goes by. */
export type BuildSettings = Omit<BuilderSettings, 'gateway'>;

/** How the steps are told in a message. */
const IN_WORDS: Readonly<Record<BuildStep, string>> = {
  validating: 'checking the kernel',
  preparing: 'the pre-run script and the check of headers and compiler',
  building: 'the build',
  uploading: 'the upload',
};

/** What a build needs beside its settings. */
export interface BuildParts extends Pick<BuildContext, 'host' | 'log' | 'machine'> {
  readonly paths: BuilderPaths;
  /** Told what is begun. */
  readonly report: (step: BuildStep) => void;
  /** Aborted when the Pod is being deleted. */
  readonly stop: AbortSignal;
}

/**
 * Builds the package of the settings: kernel check, pre-run script, check of headers, compiler and libc, build. Within
 * the settings' timeout; then all that runs is killed. Throws OperatorError for all that goes wrong, the reason of `stop`
 * when that is aborted. Everything happens in the scratch directory: what a crash leaves there, the next start removes.
 */
export const buildPackage = async (settings: BuildSettings, parts: BuildParts): Promise<BuiltPackage> => {
  const { node, target, timeout, extraBuildArgs } = settings;
  const deadline = new Deadline(
    timeout.ms,
    (step) =>
      new OperatorError('BuildTimedOut', { kernel: target.kernel, node, timeout: timeout.text, step: IN_WORDS[step] }),
  );
  const { host, log, machine, stop } = parts;
  const signal = AbortSignal.any([stop, deadline.signal]);
  const begin = (step: BuildStep): void => {
    deadline.step = step;
    parts.report(step);
  };
  const context: BuildContext = { host, log, node, target, machine, extraBuildArgs, signal };
  try {
    return await steps(settings, { context, begin, paths: parts.paths });
  } catch (error) {
    throw asSpaceProblem(error, settings, parts.paths);
  } finally {
    deadline.clear();
  }
};

interface Steps {
  readonly context: BuildContext;
  readonly begin: (step: BuildStep) => void;
  readonly paths: BuilderPaths;
}

const steps = async ({ preRunScript }: BuildSettings, { context, begin, paths }: Steps): Promise<BuiltPackage> => {
  const { host, target, node } = context;
  begin('validating');
  await validateKernel(context);
  await host.emptyScratch();
  begin('preparing');
  if (preRunScript !== undefined) await runPreRunScript(context, preRunScript);
  const tools = await checkTools(context);
  begin('building');
  const source = await findSource(context, paths);
  const modules = await source.build(context, tools);
  const packed = packageContents(target, modules, { ...tools.toolchain, builder: source.name });
  if ('problem' in packed) {
    throw new OperatorError('BuildUnusable', { kernel: target.kernel, node, problem: packed.problem });
  }
  const archive = await packArchive(packed.files);
  return { archive, sha256: sha256Of(archive), compiler: tools.toolchain.compiler };
};

/** A full disk shows as an error of whatever wrote next. */
const asSpaceProblem = (error: unknown, { node }: BuildSettings, { scratch }: BuilderPaths): unknown =>
  (error as NodeJS.ErrnoException).code === 'ENOSPC'
    ? new OperatorError('NoSpaceToBuild', { node, path: scratch }, { cause: error })
    : error;

/** Aborts after a time, with an error that says what was going on then. */
class Deadline {
  step: BuildStep = 'validating';
  private readonly controller = new AbortController();
  private readonly timer: NodeJS.Timeout;

  constructor(ms: number, errorAt: (step: BuildStep) => Error) {
    // A longer time than a timer can wait is no limit at all, and would fire at once.
    this.timer = setTimeout(() => this.controller.abort(errorAt(this.step)), Math.min(ms, 2 ** 31 - 1));
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  clear(): void {
    clearTimeout(this.timer);
  }
}
