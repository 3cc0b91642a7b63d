import type { LiveObject, Manifest, ObjectRef, Uid } from '../lib/base/kube-object';

/**
 * Which child of its parent an object is. `role` names its purpose (`service`, `dist`, `builder`, `pod`), `slot` which
 * one of that purpose (empty for a single one). Identity is (owner UID, role, slot): names are kept, whatever they are.
 */
export interface ChildIdentity {
  readonly role: string;
  readonly slot: string;
}

/** A child that the parent wants. */
export interface DesiredChild extends ChildIdentity {
  /** Complete intent; metadata.name is the name to create it under, unless it lives already under another. */
  readonly manifest: Manifest;
  /** Children of a later stage wait until those of earlier stages are Current. Default 0. */
  readonly stage?: number;
  /** Why the parent wants it, for plans and people: `image 4.4.5 of WekaCluster/default/prod`. */
  readonly because?: string;
}

/** A child that lives: found by owner UID in the cache, or by the inventory. */
export interface LiveChild extends ChildIdentity {
  readonly object: LiveObject;
  /** A Pod that is being deleted on a node that will not say when it has ended: it is removed without the node's word. */
  readonly lost?: true;
}

/** The parent, as its children refer to it. */
export interface Parent {
  readonly ref: ObjectRef;
  readonly uid: Uid;
}

/** A cluster-scoped or cross-namespace child: it can't carry an owner reference, so it is written down before it is made. */
export interface InventoryEntry extends ChildIdentity {
  readonly ref: ObjectRef;
  /** Absent until it was seen alive. Deletion needs it. */
  readonly uid?: Uid;
}
