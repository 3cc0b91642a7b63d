import type { OperatorError } from '../../lib/base/errors';
import { parseKey } from '../../lib/base/kube-object';
import type { Clock } from './clock';
import type { Logger } from './log';
import type { Metrics } from './metrics';
import type { Processed } from './queue';
import { WorkQueue } from './queue';
import type { Random } from './random';
import type { Reconciler } from './reconciler';
import type { Round } from './round';
import type { RoundResult } from './round-result';
import { isSetUp } from './round-result';

export interface ControllerOptions {
  readonly reconciler: Reconciler;
  readonly round: Round;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Keys worked on at the same time. */
  readonly workers: number;
  /** Aborted when no effect may begin any more. */
  readonly signal: AbortSignal;
}

/** One reconciler with its queue: logs and measures its rounds. */
export class Controller {
  readonly queue: WorkQueue;
  private rounds = 0;
  private readonly waiting = new Map<string, OperatorError>();

  constructor(private readonly options: ControllerOptions) {
    const { clock, random, workers, metrics } = options;
    const { name } = options.reconciler;
    const labels = { name, controller: name };
    metrics.set('controller_runtime_max_concurrent_reconciles', { controller: name }, workers);
    this.queue = new WorkQueue({
      clock,
      random,
      workers,
      process: (key) => this.process(key),
      observer: {
        added: () => metrics.count('workqueue_adds_total', labels),
        retried: () => metrics.count('workqueue_retries_total', labels),
        started: (seconds) => metrics.observe('workqueue_queue_duration_seconds', labels, seconds),
        finished: (seconds) => metrics.observe('workqueue_work_duration_seconds', labels, seconds),
      },
    });
    metrics.beforeRead(() => this.measure());
  }

  /** Of the reconciler. */
  get name(): string {
    return this.options.reconciler.name;
  }

  /** What is wrong with the set-up of the cluster, as the last round of some object met it; absent: nothing. */
  get waitingFor(): OperatorError | undefined {
    return this.waiting.values().next().value;
  }

  private measure(): void {
    const { metrics, reconciler } = this.options;
    const labels = { name: reconciler.name, controller: reconciler.name };
    const { depth, active, unfinishedSeconds, longestSeconds } = this.queue.stats();
    metrics.set('workqueue_depth', labels, depth);
    metrics.set('workqueue_unfinished_work_seconds', labels, unfinishedSeconds);
    metrics.set('workqueue_longest_running_processor_seconds', labels, longestSeconds);
    metrics.set('controller_runtime_active_workers', { controller: reconciler.name }, active);
  }

  private async process(key: string): Promise<Processed> {
    const { reconciler, round, clock, logger, signal } = this.options;
    const { kind } = reconciler.primary.type;
    this.rounds += 1;
    const about = logger.with({
      controller: reconciler.name,
      kind,
      ...parseKey(key),
      reconcileId: `${reconciler.name}-${this.rounds}`,
    });
    const began = clock.now();
    try {
      const result = await round.run(reconciler, parseKey(key), { signal, logger: about });
      this.count(result, (clock.now() - began) / 1000);
      this.tell(result, about);
      this.note(key, result);
      return result.processed;
    } catch (error) {
      about.info('The round was given up', { error });
      return { done: false };
    }
  }

  private count({ result }: RoundResult, seconds: number): void {
    const { metrics, reconciler } = this.options;
    const controller = reconciler.name;
    const failed = result === 'error' || result === 'terminal';
    metrics.observe('controller_runtime_reconcile_time_seconds', { controller }, seconds);
    metrics.count('controller_runtime_reconcile_total', { controller, result: failed ? 'error' : result });
    if (failed) metrics.count('controller_runtime_reconcile_errors_total', { controller });
    if (result === 'terminal') metrics.count('controller_runtime_terminal_reconcile_errors_total', { controller });
  }

  private note(key: string, { error }: RoundResult): void {
    if (error !== undefined && isSetUp(error)) this.waiting.set(key, error);
    else this.waiting.delete(key);
  }

  private tell({ error }: RoundResult, logger: Logger): void {
    if (error === undefined) return;
    // Conflicts are how two writers meet: the next round sees both.
    if (error.code === 'Conflict') logger.debug('The round met a conflict', { error });
    else logger.warn('The round failed', { error, remedy: error.remedy });
  }
}
