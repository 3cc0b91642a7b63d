import type { LiveObject, ObjectKey, TypeMeta } from '../../lib/base/kube-object';
import { groupOf, keyOf, keyString } from '../../lib/base/kube-object';
import { isNamespaced } from '../kube/resources';
import type { CacheEvent } from './cache';
import type { Reader, Reconciler, WatchedKind } from './reconciler';
import type { WatchedCaches } from './watched-caches';

/** The key of the object of `type` that is the controller of `object`; nothing when it has none. Pure. */
export const controllerKey = (object: LiveObject, type: TypeMeta): ObjectKey | undefined => {
  const owner = object.metadata.ownerReferences?.find(({ controller }) => controller === true);
  if (owner === undefined || owner.kind !== type.kind) return undefined;
  if (groupOf(owner.apiVersion) !== groupOf(type.apiVersion)) return undefined;
  const { namespace } = object.metadata;
  return isNamespaced(type) ? { namespace, name: owner.name } : { name: owner.name };
};

/** The states that an event is about: what it was counts too, because who was concerned must hear of it. */
const statesOf = ({ object, old }: CacheEvent): readonly LiveObject[] => (old === undefined ? [object] : [old, object]);

const wakesOf = (kind: WatchedKind, event: CacheEvent, reader: Reader): readonly ObjectKey[] =>
  kind.wakes === undefined ? [] : statesOf(event).flatMap((state) => kind.wakes?.(state, reader) ?? []);

const controllersOf = (event: CacheEvent, type: TypeMeta): readonly ObjectKey[] =>
  statesOf(event)
    .map((state) => controllerKey(state, type))
    .filter((key) => key !== undefined);

/**
 * Watches every kind of `reconciler` and hands the keys of its primary kind that a change concerns to `wake`: the object
 * itself, the controller of a child, and what `wakes` says. The result ends the subscriptions to its signals.
 */
export const wire = (reconciler: Reconciler, caches: WatchedCaches, wake: (key: string) => void): (() => void) => {
  const { primary, children, reads } = reconciler;
  const listen = (kind: WatchedKind, own: (event: CacheEvent) => readonly ObjectKey[]): void => {
    caches.add(kind).subscribe((event) => {
      for (const key of [...own(event), ...wakesOf(kind, event, caches)]) wake(keyString(key));
    });
  };
  listen(primary, ({ object }) => [keyOf(object)]);
  for (const kind of children) listen(kind, (event) => controllersOf(event, primary.type));
  for (const kind of reads) listen(kind, () => []);
  const ends = (reconciler.signals ?? []).map((signal) =>
    signal.subscribe((hint) => {
      // Before the caches are complete nobody knows whom it concerns: the first rounds read what was told meanwhile.
      if (caches.synced) for (const key of signal.wakes(hint, caches)) wake(keyString(key));
    }),
  );
  return () => ends.forEach((end) => end());
};
