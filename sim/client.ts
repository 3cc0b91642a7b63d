/**
 * The ClusterClient port on the simulated server. Every call and every delivery of a watch passes one place, the
 * fault point: there a test may delay, refuse, lose an answer, hold back or drop an event.
 */
import type {
  ApplyOptions,
  CallOptions,
  ClusterClient,
  DeleteOptions,
  ListOptions,
  ListResult,
  PatchOptions,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from '../controllers/kube/cluster-client';
import type { ApiError } from '../controllers/kube/api-error';
import { isApiError } from '../controllers/kube/api-error';
import type { JsonValue } from '../lib/base/json';
import type { LiveObject, Manifest, ObjectRef, TypeMeta } from '../lib/base/kube-object';
import { refOf } from '../lib/base/kube-object';
import type { Page } from './api/lists';
import { firstPage, nextPage, selectionMatcher } from './api/lists';
import type { ApiServer } from './api/server';
import { openWatch } from './api/watch';

export interface ClientCall {
  readonly user: string;
  readonly verb: 'get' | 'list' | 'watch' | 'apply' | 'create' | 'replace' | 'patch' | 'delete';
  /** The object; for list and watch only its kind. */
  readonly target: TypeMeta & Partial<ObjectRef>;
  /** The precondition of a write, where it carries one. */
  readonly uid?: string;
}

export interface WatchDelivery {
  readonly user: string;
  readonly type: TypeMeta;
  readonly event: WatchEvent;
}

/** Where faults come in. The default lets everything pass. */
export interface FaultPoint {
  /** Around a call: `proceed` does it, synchronously, at most once. What it throws or returns goes to the caller. */
  readonly call: <T>(call: ClientCall, proceed: () => T) => T | Promise<T>;
  /** Around a delivery: `proceed` hands the event over, as often as it is called and while the stream is open. */
  readonly deliver: (delivery: WatchDelivery, proceed: () => void) => void;
  /** What a list shows instead of the present. Default: nothing else. */
  readonly past?: (type: TypeMeta) => Moment | undefined;
  /** A stream was opened that `end` ends, well or with an error; the result is called when it has ended. */
  readonly opened?: (end: (failure: StreamEnd) => void) => () => void;
}

/** Why a stream ends; `undefined`: the server closed it in good order. */
export type StreamEnd = ApiError | undefined;

/** The objects of a kind at one moment. */
export interface Moment {
  readonly objects: readonly LiveObject[];
  readonly resourceVersion: string;
}

export const NO_FAULTS: FaultPoint = {
  call: (_call, proceed) => proceed(),
  deliver: (_delivery, proceed) => proceed(),
};

export interface SimClientOptions {
  /** Whose calls these are; also the field manager of updates that name none. */
  readonly user: string;
  readonly faults: FaultPoint;
  /** Between bookmarks, in milliseconds. */
  readonly bookmarkMs: number;
  /** Until a watch tells a change, in milliseconds. */
  readonly latencyMs: number;
  readonly defaultPageSize: number;
}

export class SimClient implements ClusterClient {
  constructor(
    private readonly server: ApiServer,
    private readonly options: SimClientOptions,
  ) {}

  async get(ref: ObjectRef, options?: CallOptions): Promise<LiveObject | undefined> {
    return this.call('get', ref, options, () => this.server.get(ref));
  }

  async list(kind: TypeMeta, options: ListOptions): Promise<ListResult> {
    const limit = options.pageSize ?? this.options.defaultPageSize;
    const { core } = this.server;
    let page = await this.call('list', kind, options, (): Page => {
      this.server.kindOf(kind, 'list');
      const past = this.options.faults.past?.(kind);
      if (past === undefined) return firstPage(kind, options, limit, core);
      return { ...past, objects: past.objects.filter(selectionMatcher(kind, options, 'list')) };
    });
    for (;;) {
      options.onPage(page.objects);
      const { next, resourceVersion } = page;
      if (next === undefined) return { resourceVersion };
      page = await this.call('list', kind, options, () => nextPage(kind, next, limit, core)).catch(
        (thrown: unknown) => {
          if (options.onRestart === undefined || !isApiError(thrown, 'Expired')) throw thrown;
          options.onRestart();
          return this.call('list', kind, options, () => firstPage(kind, options, Number.POSITIVE_INFINITY, core));
        },
      );
    }
  }

  async watch(kind: TypeMeta, options: WatchOptions): Promise<void> {
    const opened = this.call('watch', kind, options, () => {
      this.server.kindOf(kind, 'watch');
      return selectionMatcher(kind, options, 'watch');
    });
    const matches = await opened;
    return this.stream(kind, options, matches);
  }

  async apply(manifest: Manifest, options: ApplyOptions): Promise<LiveObject> {
    const request = { ...this.request(options, options.fieldManager), ...seen(options), force: options.force };
    return this.call('apply', refOf(manifest), options, () =>
      this.server.apply(manifest, { ...request, subresource: options.subresource }),
    );
  }

  async create(manifest: Manifest, options?: WriteOptions): Promise<LiveObject> {
    return this.call('create', refOf(manifest), options, () => this.server.create(manifest, this.request(options)));
  }

  async replace(manifest: Manifest, options?: WriteOptions): Promise<LiveObject> {
    return this.call('replace', refOf(manifest), options, () => this.server.replace(manifest, this.request(options)));
  }

  async patch(ref: ObjectRef, patch: JsonValue, options?: PatchOptions): Promise<LiveObject> {
    const request = {
      ...this.request(options, options?.fieldManager),
      ...seen(options),
      subresource: options?.subresource,
    };
    return this.call('patch', ref, options, () => this.server.patch(ref, patch, request));
  }

  async delete(ref: ObjectRef, options: DeleteOptions): Promise<'deleted' | 'gone'> {
    const { propagation, gracePeriodSeconds, dryRun } = options;
    const request = { user: this.options.user, dryRun, propagation, gracePeriodSeconds, ...seen(options) };
    return this.call('delete', ref, options, () => {
      try {
        this.server.delete(ref, request);
        return 'deleted' as const;
      } catch (thrown) {
        if (isApiError(thrown, 'NotFound') && thrown.code !== 'KindMissing') return 'gone' as const;
        throw thrown;
      }
    });
  }

  private request(options?: WriteOptions, manager?: string) {
    return { user: this.options.user, manager: manager ?? this.options.user, dryRun: options?.dryRun };
  }

  /** The one place that every call passes. */
  private async call<T>(
    verb: ClientCall['verb'],
    target: ClientCall['target'],
    options: CallOptions | undefined,
    proceed: () => T,
  ): Promise<T> {
    options?.signal?.throwIfAborted();
    const uid = uidOf(options);
    const call = { user: this.options.user, verb, target, ...(uid === undefined ? {} : { uid }) };
    const answer = await this.options.faults.call(call, proceed);
    options?.signal?.throwIfAborted();
    return answer;
  }

  /** The one place that every event passes. */
  private stream(type: TypeMeta, options: WatchOptions, matches: ReturnType<typeof selectionMatcher>): Promise<void> {
    const { faults, user, bookmarkMs, latencyMs } = this.options;
    const { core } = this.server;
    return new Promise((resolve, reject) => {
      let close = (): void => undefined;
      let open = true;
      const end = (settle: () => void): void => {
        open = false;
        close();
        forget?.();
        cancelTimeout();
        options.signal?.removeEventListener('abort', onAbort);
        settle();
      };
      const onAbort = (): void => end(() => reject(options.signal?.reason as Error));
      const forget = faults.opened?.((failure) => end(failure === undefined ? resolve : () => reject(failure)));
      const cancelTimeout = core.clock.after(options.timeoutSeconds * 1000, () => {
        emit({ type: 'BOOKMARK', resourceVersion: String(core.store.version) });
        end(resolve);
      });
      const hand = (event: WatchEvent): void => {
        // What was held back until after the end reaches nobody.
        if (!open) return;
        try {
          options.onEvent(event);
        } catch (thrown) {
          end(() => reject(asError(thrown)));
        }
      };
      const emit = (event: WatchEvent): void => faults.deliver({ user, type, event }, () => hand(event));
      options.signal?.addEventListener('abort', onAbort, { once: true });
      try {
        close = openWatch(
          { type, matches, resourceVersion: options.resourceVersion, bookmarkMs, latencyMs, emit },
          core,
        );
      } catch (thrown) {
        end(() => reject(asError(thrown)));
      }
    });
  }
}

const seen = (options: { uid?: string; resourceVersion?: string } | undefined) => ({
  uid: options?.uid,
  resourceVersion: options?.resourceVersion,
});

const asError = (thrown: unknown): Error => (thrown instanceof Error ? thrown : new Error(String(thrown)));

const uidOf = (options: CallOptions | undefined): string | undefined => (options as { uid?: string } | undefined)?.uid;
