import { setTimeout as sleep } from 'node:timers/promises';
import { download, jittered } from '../shared/download';
import { failureOf } from '../shared/failure';
import type { HttpClient } from '../shared/http-client';
import type { Log } from '../shared/log';
import type { Fetch, MirrorState } from './decide';
import { Gate } from './gate';
import type { Intake } from './intake';

export interface MirrorOptions {
  readonly intake: Intake;
  /** The way out as it is now; made anew when proxy or authorities change. */
  readonly client: () => HttpClient;
  readonly log: Log;
  readonly maxBytes: number;
  /** Told when the state of a package changed. */
  readonly onChange: () => void;
  /** Told of each try, and how it ended. */
  readonly onFetch: (outcome: 'stored' | 'failed') => void;
  /** Waits after failures in a row, in milliseconds. Default: 5 s doubled up to 10 min (after a cut: download's own). */
  readonly backoffMs?: (failures: number) => number;
}

/** Packages that are fetched at once. */
const FETCHES = 2;
const BACKOFF = { baseMs: 5_000, capMs: 600_000 };

interface Task {
  readonly fetch: Fetch;
  readonly stop: AbortController;
  state: MirrorState;
}

const same = (a: Fetch, b: Fetch): boolean => a.url === b.url && a.sha256 === b.sha256;

/**
 * Fetches packages on instruction: each by one task, however often it is asked for, until it is stored or no longer
 * wanted. Without an instruction it opens no connection.
 */
export class Mirror {
  private readonly tasks = new Map<string, Task>();
  private readonly gate = new Gate(FETCHES);
  private readonly running = new Set<Promise<void>>();

  constructor(private readonly options: MirrorOptions) {}

  /** Makes these, and only these, be fetched. What is under way for one of them goes on. */
  set(fetches: readonly Fetch[]): void {
    const wanted = new Map(fetches.map((fetch) => [fetch.id, fetch]));
    for (const [id, task] of this.tasks) {
      const now = wanted.get(id);
      if (now === undefined || !same(now, task.fetch)) this.end(id, task);
    }
    for (const fetch of fetches) if (!this.tasks.has(fetch.id)) this.begin(fetch);
  }

  /** How it goes, by package. A package that failed stays so until it is stored: the text must not flicker. */
  states(): ReadonlyMap<string, MirrorState> {
    return new Map([...this.tasks].map(([id, { state }]) => [id, state]));
  }

  /** Fetches nothing any more; resolves when what was under way has thrown its bytes away. */
  async stop(): Promise<void> {
    this.set([]);
    await Promise.all(this.running);
  }

  private end(id: string, task: Task): void {
    task.stop.abort(new Error('no longer wanted'));
    this.tasks.delete(id);
    this.options.onChange();
  }

  private begin(fetch: Fetch): void {
    const task: Task = { fetch, stop: new AbortController(), state: { state: 'fetching' } };
    this.tasks.set(fetch.id, task);
    this.options.onChange();
    const work = this.work(task).finally(() => this.running.delete(work));
    this.running.add(work);
  }

  private async work(task: Task): Promise<void> {
    const { signal } = task.stop;
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        await this.gate.run(() => this.fetch(task));
        this.options.onFetch('stored');
        if (this.tasks.get(task.fetch.id) === task) this.end(task.fetch.id, task);
        return;
      } catch (error) {
        if (signal.aborted) return;
        this.fail(task, error);
        await this.pause(failures, signal);
      }
    }
  }

  private fail(task: Task, error: unknown): void {
    this.options.onFetch('failed');
    this.options.log.warn('A package could not be fetched; it is tried again', { package: task.fetch.id, error });
    task.state = { state: 'failed', failure: failureOf(error) };
    this.options.onChange();
  }

  private async pause(failures: number, signal: AbortSignal): Promise<void> {
    const { backoffMs = (count: number) => jittered(count, BACKOFF) } = this.options;
    await sleep(backoffMs(failures), undefined, { signal }).catch(() => undefined);
  }

  private async fetch({ fetch, stop: { signal } }: Task): Promise<void> {
    const { intake, client, maxBytes, log, backoffMs } = this.options;
    signal.throwIfAborted();
    log.info('Fetching a package', { package: fetch.id, server: new URL(fetch.url).host });
    const { id, url, sha256 } = fetch;
    await intake.take({ id, sha256, size: 0 }, async (incoming) => {
      await download({ url, sha256, limitBytes: maxBytes }, incoming, {
        client: client(),
        signal,
        ...(backoffMs === undefined ? {} : { backoffMs }),
      });
      signal.throwIfAborted();
    });
  }
}
