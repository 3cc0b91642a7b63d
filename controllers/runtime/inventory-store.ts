import type { InventoryEntry, Parent } from '../../synth/child';

/** Where the children are written down that can't carry an owner reference. One writer: the leader. */
export interface InventoryStore {
  /** What was saved for this parent; empty when nothing was. Read once, then kept in memory. */
  load(parent: Parent, signal?: AbortSignal): Promise<readonly InventoryEntry[]>;
  /** Replaces it; an empty one removes its objects. Sends nothing when it is stored like that already. */
  save(parent: Parent, entries: readonly InventoryEntry[], signal?: AbortSignal): Promise<void>;
  /** Forgets what is in memory: another process led meanwhile, or the parent is gone. */
  forget(parent?: Parent): void;
}
