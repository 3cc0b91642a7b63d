import type { OperatorError } from '../../lib/base/errors';
import { asOperatorError } from '../../lib/base/errors';
import type { TypeMeta } from '../../lib/base/kube-object';
import { ApiError } from '../kube/api-error';
import type { ClusterClient, Selection, WatchEvent } from '../kube/cluster-client';
import { backoffMs, WATCH_BACKOFF } from './backoff';
import type { WatchSink } from './cache';
import type { Clock } from './clock';
import { sleep } from './clock';
import type { Random } from './random';

/** Times of a watcher, in milliseconds unless named otherwise. */
export interface WatchTimes {
  /** A full list again at least this often, less a random tenth: servers can lose events. Default 10 min. */
  readonly relistMs: number;
  /** The server is asked to end a stream after this long, plus as much again at random. Default 300 s. */
  readonly timeoutSeconds: number;
  /** A stream without a byte for this long is dead. Bookmarks come about once a minute. Default 150 s. */
  readonly idleSeconds: number;
  /** A stream that lived this long was a good one: the next needs no wait, and failures are counted anew. Default 10 s. */
  readonly healthyMs: number;
}

export const WATCH_TIMES: WatchTimes = { relistMs: 600_000, timeoutSeconds: 300, idleSeconds: 150, healthyMs: 10_000 };

/** Streams that end at once and tell nothing, in a row, before the version counts as expired: GKE ends stale watches so, without a 410. */
const EMPTY_STREAMS = 3;
/** Failures in a row after which a version is no longer trusted: it may be one that the server will never reach. */
const FAILED_RESUMES = 4;

export interface WatcherOptions {
  readonly client: Pick<ClusterClient, 'list' | 'watch'>;
  readonly type: TypeMeta;
  /** Only this namespace; absent: all. */
  readonly namespace?: string;
  /** Only objects with these labels; absent: all. */
  readonly labelSelector?: string;
  readonly sink: WatchSink;
  readonly clock: Clock;
  readonly random: Random;
  /** Told why a list or a stream failed, once as long as it is the same reason; the watcher goes on by itself. */
  readonly onError?: (error: OperatorError) => void;
  readonly times?: Partial<WatchTimes>;
}

export interface WatcherState {
  readonly type: TypeMeta;
  readonly namespace: string | undefined;
  readonly phase: 'Stopped' | 'Listing' | 'Watching' | 'Waiting';
  /** Whether the first list is complete. */
  readonly synced: boolean;
  /** Why it isn't watching right now: the last failure, until a list or a stream works again. */
  readonly waitingFor: OperatorError | undefined;
  /** Complete lists, streams opened, failures: since the start. */
  readonly lists: number;
  readonly streams: number;
  readonly failures: number;
}

/**
 * Keeps a sink up to date with one kind, in one namespace or all, until it is stopped: list, watch from there, list
 * again when the server has forgotten the version. Nothing ends it but `stop`.
 */
export class Watcher {
  private readonly times: WatchTimes;
  private stopping: AbortController | undefined;
  private running: Promise<void> = Promise.resolve();
  private phase: WatcherState['phase'] = 'Stopped';
  private counts = { lists: 0, streams: 0, failures: 0 };
  private waitingFor: OperatorError | undefined;
  /** Where the next stream continues; absent: list first. */
  private version: string | undefined;
  /** Told by a timer, not by the time of day: a clock that is set back must not put off the list that mends lost events. */
  private relistDue = false;
  private cancelRelist: () => void = () => undefined;
  /** Ends the stream that is open, because a list is due. */
  private endStream: () => void = () => undefined;
  /** Turns in a row that weren't healthy. */
  private troubles = 0;
  private emptyStreams = 0;

  constructor(private readonly options: WatcherOptions) {
    this.times = { ...WATCH_TIMES, ...options.times };
  }

  /** What it is doing, for readiness and metrics. */
  state(): WatcherState {
    const { type, namespace } = this.options;
    return {
      type,
      namespace,
      phase: this.phase,
      synced: this.counts.lists > 0,
      waitingFor: this.waitingFor,
      ...this.counts,
    };
  }

  /** Begins. Does nothing when it runs already. */
  start(): void {
    if (this.stopping !== undefined) return;
    this.stopping = new AbortController();
    this.version = undefined;
    this.running = this.run(this.stopping.signal);
  }

  /** Ends; once it resolves no call is under way and the sink is told nothing more. */
  async stop(): Promise<void> {
    this.stopping?.abort(new Error('the watcher was stopped'));
    await this.running;
    this.cancelRelist();
    this.stopping = undefined;
    this.phase = 'Stopped';
  }

  private async run(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      const began = this.options.clock.now();
      const failure = await this.turn(stop).then(nothing, (thrown: unknown) => asOperatorError(thrown));
      if (stop.aborted) return;
      const healthy = this.options.clock.now() - began >= this.times.healthyMs && this.phase === 'Watching';
      if (failure !== undefined) this.judge(failure);
      if (healthy) this.troubles = 0;
      if (!healthy || failure !== undefined) await this.pause(failure, stop);
    }
  }

  /** One list if it is due, one stream. */
  private async turn(stop: AbortSignal): Promise<void> {
    if (this.version === undefined || this.relistDue) await this.list(stop);
    await this.stream(stop);
  }

  private async list(stop: AbortSignal): Promise<void> {
    const { client, type, sink, random } = this.options;
    this.phase = 'Listing';
    sink.listing();
    const { resourceVersion } = await client.list(type, {
      ...this.selection(),
      signal: stop,
      onPage: (objects) => {
        if (!stop.aborted) for (const object of objects) sink.seen(object);
      },
      onRestart: () => sink.listing(),
    });
    if (stop.aborted) return;
    sink.listed(resourceVersion);
    this.version = resourceVersion;
    this.scheduleRelist(this.times.relistMs * (0.9 + 0.1 * random.next()));
    this.emptyStreams = 0;
    this.counts.lists += 1;
    this.waitingFor = undefined;
  }

  private scheduleRelist(ms: number): void {
    this.cancelRelist();
    this.relistDue = false;
    this.cancelRelist = this.options.clock.after(ms, () => {
      this.relistDue = true;
      this.endStream();
    });
  }

  private async stream(stop: AbortSignal): Promise<void> {
    const { client, type, clock, random } = this.options;
    if (stop.aborted || this.version === undefined) return;
    this.phase = 'Watching';
    this.counts.streams += 1;
    const before = this.version;
    const began = clock.now();
    const end = new AbortController();
    this.endStream = () => end.abort(RELIST);
    const stopped = (): void => end.abort(stop.reason);
    stop.addEventListener('abort', stopped, { once: true });
    try {
      await client.watch(type, {
        ...this.selection(),
        resourceVersion: before,
        timeoutSeconds: Math.round(this.times.timeoutSeconds * (1 + random.next())),
        idleSeconds: this.times.idleSeconds,
        signal: end.signal,
        onOpen: () => {
          this.waitingFor = undefined;
        },
        onEvent: (event) => {
          if (!end.signal.aborted) this.take(event);
        },
      });
      this.waitingFor = undefined;
      this.countEmpty(before, began);
    } catch (thrown) {
      if (end.signal.reason !== RELIST) throw thrown;
    } finally {
      this.endStream = () => undefined;
      stop.removeEventListener('abort', stopped);
    }
  }

  private take(event: WatchEvent): void {
    if (event.type === 'BOOKMARK') {
      this.options.sink.progressed(event.resourceVersion);
      this.version = event.resourceVersion;
    } else {
      this.options.sink.changed(event.type, event.object);
      this.version = event.object.metadata.resourceVersion;
    }
    this.waitingFor = undefined;
  }

  private countEmpty(before: string, began: number): void {
    const empty = this.version === before && this.options.clock.now() - began < this.times.healthyMs;
    this.emptyStreams = empty ? this.emptyStreams + 1 : 0;
    if (this.emptyStreams >= EMPTY_STREAMS) this.version = undefined;
  }

  private judge(failure: OperatorError): void {
    this.counts.failures += 1;
    if (!resumes(failure) || this.troubles >= FAILED_RESUMES) this.version = undefined;
    // An expired version is everyday life, not something anybody has to wait for.
    if (isExpired(failure)) return;
    const known = this.waitingFor?.message === failure.message;
    this.waitingFor = failure;
    if (!known) this.options.onError?.(failure);
  }

  private async pause(failure: OperatorError | undefined, stop: AbortSignal): Promise<void> {
    const asked = failure instanceof ApiError ? (failure.failure.retryAfterSeconds ?? 0) * 1000 : 0;
    const own = backoffMs(this.troubles, this.options.random, WATCH_BACKOFF);
    this.troubles += 1;
    this.phase = 'Waiting';
    await sleep(this.options.clock, asked > 0 ? asked + own : own, stop).catch(nothing);
  }

  private selection(): Selection {
    const { namespace, labelSelector } = this.options;
    return {
      ...(namespace === undefined ? {} : { namespace }),
      ...(labelSelector === undefined ? {} : { labelSelector }),
    };
  }
}

/** Why a stream of ours was ended early: time for a full list. */
const RELIST = new Error('a full list is due');

const nothing = (): undefined => undefined;

const isExpired = (failure: OperatorError): boolean =>
  failure instanceof ApiError &&
  (failure.failure.status === 410 || failure.failure.reason === 'Expired' || failure.failure.reason === 'Gone');

/** Whether the last version is still good after `failure`: the way to the server failed, not what was asked. */
const resumes = (failure: OperatorError): boolean => {
  if (!(failure instanceof ApiError)) return false;
  if (isExpired(failure)) return false;
  const { status } = failure.failure;
  return status === 0 || status === 401 || status === 408 || status === 429 || status >= 500;
};
