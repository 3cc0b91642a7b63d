/**
 * Which live object is which wanted child. Identity is (role, slot) under one parent, never the name: an object that
 * lives under another name keeps it, so that nothing is made twice because a naming rule changed or because another
 * operator made it. What goes with ownership (owner reference, label and annotation of identity) is added here, once.
 */
import type { LiveObject, Manifest, ObjectRef, OwnerReference } from '../lib/base/kube-object';
import { refOf } from '../lib/base/kube-object';
import { ANNOTATION, LABEL } from '../lib/base/names';
import type { ChildIdentity, DesiredChild, InventoryEntry, LiveChild, Parent } from './child';
import { typeKey } from './schemas';

/** A wanted child with the live object that it is, if there is one. `manifest` carries the live name and the ownership. */
export interface MatchedChild extends ChildIdentity {
  readonly manifest: Manifest;
  readonly live: LiveObject | undefined;
  readonly stage: number;
  readonly because: string | undefined;
}

export interface Matching {
  readonly matched: readonly MatchedChild[];
  /** Live children that nothing wants: leftovers, and the younger of two for one identity. */
  readonly surplus: readonly LiveChild[];
}

/** The identity that an object of ours carries; `undefined` when it has none (another operator's object). */
export const identityOf = (object: LiveObject | Manifest): ChildIdentity | undefined => {
  const role = object.metadata.labels?.[LABEL.childRole];
  return role === undefined ? undefined : { role, slot: object.metadata.annotations?.[ANNOTATION.childSlot] ?? '' };
};

/** The owner reference of a child. It never blocks the deletion of the parent: that is the finalizer's business. */
export const ownerReference = (parent: Parent): OwnerReference => ({
  apiVersion: parent.ref.apiVersion,
  kind: parent.ref.kind,
  name: parent.ref.name,
  uid: parent.uid,
  controller: true,
  blockOwnerDeletion: false,
});

/** Whether `object` names `parent` as its controller. */
export const isOwnedBy = (object: LiveObject, parent: Parent): boolean =>
  (object.metadata.ownerReferences ?? []).some(
    (reference) => reference.controller === true && reference.uid === parent.uid,
  );

/** Whether a child can carry an owner reference: the parent is cluster-scoped, or both are in one namespace. */
export const canBeOwned = (parent: Parent, child: ObjectRef): boolean =>
  parent.ref.namespace === undefined || parent.ref.namespace === child.namespace;

/** The manifest of a child, complete: under its live name, with identity and, where possible, owner reference. */
export const childManifest = (parent: Parent, desired: DesiredChild, live: LiveObject | undefined): Manifest => {
  const { manifest, role, slot } = desired;
  const owned = canBeOwned(parent, refOf(manifest));
  return {
    ...manifest,
    metadata: {
      ...manifest.metadata,
      name: live?.metadata.name ?? manifest.metadata.name,
      labels: { ...manifest.metadata.labels, [LABEL.childRole]: role },
      annotations: { ...manifest.metadata.annotations, [ANNOTATION.childSlot]: slot },
      ...(owned ? { ownerReferences: [ownerReference(parent)] } : {}),
    },
  };
};

/** The inventory entry of a child that can't be owned; `undefined` for the others. */
export const inventoryEntry = (parent: Parent, child: MatchedChild): InventoryEntry | undefined => {
  const ref = refOf(child.manifest);
  if (canBeOwned(parent, ref)) return undefined;
  const uid = child.live?.metadata.uid;
  return { role: child.role, slot: child.slot, ref, ...(uid === undefined ? {} : { uid }) };
};

/** Only a slot may have any character in it, so it stands last. */
const identityKey = (type: Manifest, { role, slot }: ChildIdentity): string =>
  `${typeKey(type)}\n${type.metadata.namespace ?? ''}\n${role}\n${slot}`;

const byAge = (a: LiveChild, b: LiveChild): number => {
  const [first, second] = [a, b].map(
    ({ object }) => `${object.metadata.creationTimestamp ?? ''}\n${object.metadata.name}`,
  ) as [string, string];
  return first < second ? -1 : first > second ? 1 : 0;
};

/** Of several live objects for one identity: one that isn't being deleted, then the oldest, then by name. */
const choose = (candidates: readonly LiveChild[]): LiveChild | undefined => {
  const [first] = [...candidates].sort(
    (a, b) =>
      Number(a.object.metadata.deletionTimestamp !== undefined) -
        Number(b.object.metadata.deletionTimestamp !== undefined) || byAge(a, b),
  );
  return first;
};

const groupByIdentity = (live: readonly LiveChild[]): Map<string, LiveChild[]> => {
  const groups = new Map<string, LiveChild[]>();
  for (const child of live) {
    const key = identityKey(child.object, child);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [child]);
    else group.push(child);
  }
  return groups;
};

const refuseTwins = (desired: readonly DesiredChild[]): void => {
  const seen = new Set<string>();
  for (const child of desired) {
    const key = identityKey(child.manifest, child);
    if (seen.has(key))
      throw new RangeError(`two children are wanted as ${child.manifest.kind} ${child.role}/${child.slot}`);
    seen.add(key);
  }
};

/** Pairs wanted children with live ones. Throws RangeError when two are wanted under one identity: they would fight. */
export const matchChildren = (
  parent: Parent,
  desired: readonly DesiredChild[],
  live: readonly LiveChild[],
): Matching => {
  refuseTwins(desired);
  const candidates = groupByIdentity(live);
  const chosen = new Set<LiveChild>();
  const matched = desired.map((child): MatchedChild => {
    const match = choose(candidates.get(identityKey(child.manifest, child)) ?? []);
    if (match !== undefined) chosen.add(match);
    const manifest = childManifest(parent, child, match?.object);
    return {
      role: child.role,
      slot: child.slot,
      manifest,
      live: match?.object,
      stage: child.stage ?? 0,
      because: child.because,
    };
  });
  return { matched, surplus: live.filter((child) => !chosen.has(child)) };
};
