/**
 * A watch: changes of a kind after a version, in order, as they concern a selection. An object that comes into the
 * selection is ADDED and one that leaves it DELETED, whatever happened to it in storage.
 */
import type { WatchEvent } from '../../controllers/kube/cluster-client';
import type { TypeMeta } from '../../lib/base/kube-object';
import type { Core } from './core';
import { expired, internal } from './failures';
import type { Matcher } from './selectors';
import type { StoreEvent } from './store';

export interface WatchSource {
  readonly type: TypeMeta;
  readonly matches: Matcher;
  readonly resourceVersion: string;
  /** Virtual milliseconds between bookmarks. */
  readonly bookmarkMs: number;
  /** Virtual milliseconds until a change is told. */
  readonly latencyMs: number;
  /** Called on the clock, never within the write that caused the event. */
  readonly emit: (event: WatchEvent) => void;
}

/** Starts a watch; the result ends it. Throws Expired when the past after the version is forgotten. */
export const openWatch = (source: WatchSource, core: Core): (() => void) => {
  if (!/^\d+$/.test(source.resourceVersion)) {
    const shown = JSON.stringify(source.resourceVersion);
    const why = `Invalid value: ${shown}: strconv.ParseUint: parsing ${shown}: invalid syntax`;
    throw internal({ verb: 'watch', object: source.type.kind }, `resourceVersion: ${why}`);
  }
  const past = core.store.since(source.type, Number(source.resourceVersion));
  if (past === undefined) {
    throw expired({ verb: 'watch', object: source.type.kind }, source.resourceVersion, core.store.oldest(source.type));
  }
  const stream = new WatchStream(source, core);
  for (const event of past) stream.offer(event);
  const stop = core.store.subscribe((event) => stream.offer(event), source.type);
  return () => {
    stop();
    stream.close();
  };
};

/** The event as the selection sees it; `undefined` when it doesn't concern it. */
const seenBy = (matches: Matcher, event: StoreEvent): WatchEvent | undefined => {
  const before = event.previous !== undefined && matches(event.previous);
  const after = event.type !== 'DELETED' && matches(event.object);
  if (after) return { type: before ? 'MODIFIED' : 'ADDED', object: event.object };
  if (!before) return undefined;
  // Who can't see what became of it sees it as it was, under the version of the change.
  const { resourceVersion } = event.object.metadata;
  const left = event.type === 'DELETED' ? event.object : event.previous;
  return { type: 'DELETED', object: { ...left, metadata: { ...left.metadata, resourceVersion } } };
};

class WatchStream {
  private pending: WatchEvent[] = [];
  private cancelFlush: (() => void) | undefined;
  private cancelBookmark: () => void;
  private closed = false;

  constructor(
    private readonly source: WatchSource,
    private readonly core: Core,
  ) {
    this.cancelBookmark = this.scheduleBookmark();
  }

  offer(event: StoreEvent): void {
    const seen = seenBy(this.source.matches, event);
    if (seen === undefined) return;
    this.pending.push(seen);
    this.cancelFlush ??= this.core.clock.after(this.source.latencyMs, () => this.flush());
  }

  close(): void {
    this.closed = true;
    this.pending = [];
    this.cancelFlush?.();
    this.cancelBookmark();
  }

  private flush(): void {
    this.cancelFlush = undefined;
    const events = this.pending;
    this.pending = [];
    for (const event of events) if (!this.closed) this.source.emit(event);
  }

  private scheduleBookmark(): () => void {
    return this.core.clock.after(this.source.bookmarkMs, () => {
      this.cancelBookmark = this.scheduleBookmark();
      this.flush();
      if (!this.closed) this.source.emit({ type: 'BOOKMARK', resourceVersion: String(this.core.store.version) });
    });
  }
}
