import type { JsonObject } from '../../lib/base/json';
import type { LiveObject, ObjectRef, Uid } from '../../lib/base/kube-object';
import { refOf, refString } from '../../lib/base/kube-object';
import { digestOf } from '../../synth/canonical-json';
import { isApiError } from '../kube/api-error';
import type { ClusterClient } from '../kube/cluster-client';
import type { Clock } from './clock';
import { timestamp } from './clock';
import type { Logger } from './log';
import { LruMap } from './lru-map';
import type { Metrics } from './metrics';
import type { EventNote } from './reconciler';

/** Who the Events come from, as `kubectl describe` shows it. */
export const EVENT_SOURCE = 'weka-operator';
/** Which transition an Event was last recorded for: what a restarted manager finds and does not repeat. */
const TRANSITION = 'weka.io/transition';
/** Longest message that the API server takes, in characters. */
const MAX_MESSAGE = 1024;
/** Events an object may have at once, and the time after which it may have one more, as in client-go. */
const BURST = 25;
const REFILL_MS = 300_000;

export interface EventRecorderOptions {
  readonly client: ClusterClient;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Name of this process among its peers. */
  readonly identity: string;
}

interface Known {
  readonly count: number;
  readonly transition: string;
}

interface Bucket {
  tokens: number;
  since: number;
}

interface Subject {
  readonly ref: ObjectRef;
  readonly uid?: Uid;
}

/**
 * Records Events: one object a (subject, reason, message), counted up when it happens again. The same transition is
 * recorded once, also over a restart. Failing to record never fails the caller.
 */
export class EventRecorder {
  private readonly known = new LruMap<string, Known>(4096);
  private readonly buckets = new LruMap<string, Bucket>(4096);

  constructor(private readonly options: EventRecorderOptions) {}

  /**
   * `transition` names the change that the note belongs to: the same one is recorded once. Rejects only with the reason
   * of the signal.
   */
  async record(object: LiveObject, note: EventNote, transition: string, signal: AbortSignal): Promise<void> {
    const subject: Subject =
      note.about === undefined ? { ref: refOf(object), uid: object.metadata.uid } : { ref: note.about };
    const event = newEvent(subject, note);
    const known = this.known.get(event.metadata.name);
    if (known?.transition === transition) return;
    if (!this.allowed(refString(subject.ref)))
      return this.options.metrics.count('weka_operator_events_dropped_total', { reason: 'rate' });
    try {
      await this.write(event, transition, known, signal);
    } catch (thrown) {
      signal.throwIfAborted();
      this.options.metrics.count('weka_operator_events_dropped_total', { reason: 'error' });
      this.options.logger.warn('Recording an event failed', {
        error: thrown,
        object: refString(subject.ref),
        reason: note.reason,
      });
    }
  }

  private async write(
    event: EventObject,
    transition: string,
    known: Known | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    if (known === undefined && (await this.create(event, transition, signal))) return;
    const ref = refOf(event);
    const count = known?.count ?? (await this.recalled(ref, transition, signal));
    if (count === undefined) return;
    const next = { count: count + 1, transition };
    try {
      // A crash right after this leaves the Event counted; its transition says so to the next manager.
      await this.options.client.patch(
        ref,
        {
          count: next.count,
          lastTimestamp: timestamp(this.options.clock),
          metadata: { annotations: { [TRANSITION]: transition } },
        },
        { signal, fieldManager: EVENT_SOURCE },
      );
      this.known.set(ref.name, next);
    } catch (thrown) {
      if (!isApiError(thrown, 'NotFound')) throw thrown;
      // Events expire after an hour: it begins anew.
      await this.create(event, transition, signal);
    }
  }

  /** Whether it was made; `false` when it was there. */
  private async create(event: EventObject, transition: string, signal: AbortSignal): Promise<boolean> {
    const now = timestamp(this.options.clock);
    const manifest = {
      ...event,
      metadata: { ...event.metadata, annotations: { [TRANSITION]: transition } },
      reportingInstance: this.options.identity,
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
    };
    try {
      // A crash right after this leaves the Event without the status that it announces: the next round finds it by its name.
      await this.options.client.create(manifest, { signal });
    } catch (thrown) {
      if (isApiError(thrown, 'AlreadyExists')) return false;
      throw thrown;
    }
    this.known.set(event.metadata.name, { count: 1, transition });
    return true;
  }

  /** How often the stored Event happened; `undefined` when it is of this very transition. */
  private async recalled(ref: ObjectRef, transition: string, signal: AbortSignal): Promise<number | undefined> {
    const stored = await this.options.client.get(ref, { signal });
    const count = typeof stored?.['count'] === 'number' ? stored['count'] : 1;
    if (stored?.metadata.annotations?.[TRANSITION] !== transition) return count;
    this.known.set(ref.name, { count, transition });
    return undefined;
  }

  private allowed(subject: string): boolean {
    const now = this.options.clock.now();
    const bucket = this.buckets.get(subject) ?? { tokens: BURST, since: now };
    const earned = Math.floor((now - bucket.since) / REFILL_MS);
    bucket.tokens = Math.min(BURST, bucket.tokens + earned);
    bucket.since += earned * REFILL_MS;
    this.buckets.set(subject, bucket);
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }
}

type EventObject = ReturnType<typeof newEvent>;

/** The Event without its times and counts. Its name is a function of subject, reason and message. */
const newEvent = ({ ref, uid }: Subject, note: EventNote) => {
  const message = note.message.slice(0, MAX_MESSAGE);
  const involvedObject: JsonObject = {
    apiVersion: ref.apiVersion,
    kind: ref.kind,
    name: ref.name,
    ...(ref.namespace === undefined ? {} : { namespace: ref.namespace }),
    ...(uid === undefined ? {} : { uid }),
  };
  const hash = digestOf({ involvedObject, type: note.type, reason: note.reason, message }).slice(0, 16);
  return {
    apiVersion: 'v1',
    kind: 'Event',
    // Events about cluster-scoped objects live in `default`: the API server takes them nowhere else.
    metadata: { name: `${ref.name.slice(0, 200)}.${hash}`, namespace: ref.namespace ?? 'default' },
    involvedObject,
    type: note.type,
    reason: note.reason,
    message,
    source: { component: EVENT_SOURCE },
    reportingComponent: EVENT_SOURCE,
  };
};
