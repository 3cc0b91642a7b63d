import type { JsonObject } from '../../../lib/base/json';
import type { KubeObject, LiveObject } from '../../../lib/base/kube-object';
import { refOf } from '../../../lib/base/kube-object';
import type { World } from '../backend';
import { behaviours } from '../behaviour';
import { content, refusal } from '../normalise';
import {
  apply,
  configMap,
  container,
  listed,
  mustGet,
  NAMESPACE,
  names,
  pod,
  policy,
  remove,
  service,
  stored,
  untilGone,
} from '../objects';
import { CONFIG_MAP } from '../objects';

const HOLD = { finalizers: ['weka.test/hold'] };

const ownedBy = (owner: LiveObject, more: JsonObject = {}): JsonObject => ({
  ownerReferences: [
    { apiVersion: owner.apiVersion, kind: owner.kind, name: owner.metadata.name, uid: owner.metadata.uid, ...more },
  ],
});
const CONTROLLER = { controller: true, blockOwnerDeletion: true };
const lives = async (world: World, of: KubeObject): Promise<boolean> => (await stored(world, of)) !== undefined;

/** An owner with one dependent; the reference as `more` says. */
const family = async (world: World, more: JsonObject = CONTROLLER, metadata: JsonObject = {}) => {
  const owner = await world.client.create(container(world, 'owner'));
  const dependent = await world.client.create(
    configMap(world, 'dependent', {}, { ...ownedBy(owner, more), ...metadata }),
  );
  return { owner, dependent };
};

export const deletion = behaviours(
  {
    'nothing holds it: gone at once': async (world) => {
      const made = await world.client.create(configMap(world, 'a'));
      return [await remove(world, made), await lives(world, made)];
    },
    'a finalizer holds it, marked': async (world) => {
      const made = await world.client.create(configMap(world, 'a', {}, HOLD));
      await remove(world, made);
      return content(await mustGet(world, made));
    },
    'a finalizer holds a custom object, marked': async (world) => {
      const made = await world.client.create(policy(world, 'a'));
      await world.client.patch(refOf(made), { metadata: HOLD });
      await remove(world, made);
      return content(await mustGet(world, made));
    },
    'the last finalizer gone, the object goes': async (world) => {
      const made = await world.client.create(configMap(world, 'a', {}, { finalizers: ['weka.test/a', 'weka.test/b'] }));
      await remove(world, made);
      await world.client.patch(refOf(made), { metadata: { finalizers: ['weka.test/b'] } });
      const between = await lives(world, made);
      const last = await world.client.patch(refOf(made), { metadata: { finalizers: null } });
      return [between, await lives(world, made), content(last)];
    },
    'given up by apply, the last finalizer lets it go': async (world) => {
      const made = await apply(world, configMap(world, 'a', {}, HOLD));
      await remove(world, made);
      await apply(world, configMap(world, 'a', {}));
      return lives(world, made);
    },
    'deleted twice while held': async (world) => {
      const made = await world.client.create(configMap(world, 'a', {}, HOLD));
      await remove(world, made);
      const first = await mustGet(world, made);
      const again = await remove(world, made);
      const second = await mustGet(world, made);
      return [again, first.metadata.resourceVersion === second.metadata.resourceVersion];
    },
    'deleted again with another propagation while held': async (world) => {
      const made = await world.client.create(configMap(world, 'a', {}, HOLD));
      await remove(world, made);
      await remove(world, made, 'Foreground');
      await world.rest();
      return content(await mustGet(world, made));
    },
    'a new finalizer is refused while it goes': async (world) => {
      const made = await world.client.create(configMap(world, 'a', {}, HOLD));
      await remove(world, made);
      return refusal(
        world.client.patch(refOf(made), { metadata: { finalizers: ['weka.test/hold', 'weka.test/more'] } }),
      );
    },
    'a new finalizer of a custom object is refused while it goes': async (world) => {
      const made = await world.client.create(container(world, 'a', {}, HOLD));
      await remove(world, made);
      return refusal(
        world.client.patch(refOf(made), { metadata: { finalizers: ['weka.test/hold', 'weka.test/more'] } }),
      );
    },
    'spec can be changed while it goes': async (world) => {
      const made = await world.client.create(container(world, 'a', {}, HOLD));
      await remove(world, made);
      return content(await world.client.patch(refOf(made), { spec: { numCores: 2 } }));
    },
    'an apply does not bring it back': async (world) => {
      const made = await apply(world, container(world, 'a', {}, HOLD));
      await remove(world, made);
      return content(await apply(world, container(world, 'a', { numCores: 2 }, HOLD)));
    },
    'a finalizer without a group': (world) =>
      refusal(world.client.create(configMap(world, 'a', {}, { finalizers: ['hold'] }))),
    'a finalizer without a group on a custom object': (world) =>
      refusal(world.client.create(container(world, 'a', {}, { finalizers: ['hold'] }))),
    'background: the owner goes at once, its dependents after it': async (world) => {
      const { owner, dependent } = await family(world);
      await remove(world, owner);
      const at = await lives(world, owner);
      await untilGone(world, dependent);
      return at;
    },
    'background: a dependent that is held is marked': async (world) => {
      const { owner, dependent } = await family(world, CONTROLLER, HOLD);
      await remove(world, owner);
      await world.settle(
        'mark',
        async () => (await mustGet(world, dependent)).metadata.deletionTimestamp !== undefined,
      );
      return content(await mustGet(world, dependent));
    },
    'background: dependents of dependents go too': async (world) => {
      const { owner, dependent } = await family(world);
      const last = await world.client.create(configMap(world, 'last', {}, ownedBy(dependent)));
      await remove(world, owner);
      await untilGone(world, last);
      return [await lives(world, dependent), await lives(world, owner)];
    },
    'foreground: the owner waits for dependents that block': async (world) => {
      const { owner, dependent } = await family(world, CONTROLLER, HOLD);
      await remove(world, owner, 'Foreground');
      await world.settle(
        'mark',
        async () => (await mustGet(world, dependent)).metadata.deletionTimestamp !== undefined,
      );
      await world.rest();
      const between = content(await mustGet(world, owner));
      await world.client.patch(refOf(dependent), { metadata: { finalizers: null } });
      await untilGone(world, owner);
      return [between, await lives(world, dependent)];
    },
    'foreground: the owner does not wait for dependents that do not block': async (world) => {
      const { owner, dependent } = await family(world, {}, HOLD);
      await remove(world, owner, 'Foreground');
      await untilGone(world, owner);
      return lives(world, dependent);
    },
    'foreground: without dependents it goes': async (world) => {
      const made = await world.client.create(configMap(world, 'a'));
      await remove(world, made, 'Foreground');
      await untilGone(world, made);
      return 'gone';
    },
    'foreground: a chain goes from its end': async (world) => {
      const { owner, dependent } = await family(world);
      const last = await world.client.create(
        configMap(world, 'last', {}, { ...ownedBy(dependent, CONTROLLER), ...HOLD }),
      );
      await remove(world, owner, 'Foreground');
      await world.settle('mark', async () => (await mustGet(world, last)).metadata.deletionTimestamp !== undefined);
      await world.rest();
      const between = [await lives(world, owner), content(await mustGet(world, dependent))];
      await world.client.patch(refOf(last), { metadata: { finalizers: null } });
      await untilGone(world, owner);
      return [between, await lives(world, dependent)];
    },
    'orphan: dependents stay, without the reference': async (world) => {
      const { owner, dependent } = await family(world);
      await remove(world, owner, 'Orphan');
      await untilGone(world, owner);
      await world.rest();
      return content(await mustGet(world, dependent));
    },
    'orphan: other references stay': async (world) => {
      const { owner } = await family(world);
      const other = await world.client.create(container(world, 'other'));
      const references = [...(ownedBy(owner).ownerReferences as []), ...(ownedBy(other).ownerReferences as [])];
      const both = await world.client.create(configMap(world, 'both', {}, { ownerReferences: references }));
      await remove(world, owner, 'Orphan');
      await untilGone(world, owner);
      return content(await mustGet(world, both));
    },
    'an object lives while one owner does': async (world) => {
      const { owner } = await family(world);
      const other = await world.client.create(container(world, 'other'));
      const references = [...(ownedBy(owner).ownerReferences as []), ...(ownedBy(other).ownerReferences as [])];
      const both = await world.client.create(configMap(world, 'both', {}, { ownerReferences: references }));
      await remove(world, owner);
      const one = async (): Promise<boolean> => (await mustGet(world, both)).metadata.ownerReferences?.length === 1;
      await world.settle('one reference', one);
      const between = content(await mustGet(world, both));
      await remove(world, other);
      await untilGone(world, both);
      return between;
    },
    'an owner that is not there: collected': async (world) => {
      const owner = await world.client.create(container(world, 'owner'));
      await remove(world, owner);
      const late = await world.client.create(configMap(world, 'late', {}, ownedBy(owner)));
      await untilGone(world, late);
      return 'gone';
    },
    'an owner with the name and another uid: collected': async (world) => {
      const first = await world.client.create(container(world, 'owner'));
      await remove(world, first);
      await world.client.create(container(world, 'owner'));
      const late = await world.client.create(configMap(world, 'late', {}, ownedBy(first)));
      await untilGone(world, late);
      return 'gone';
    },
    'an owner that is being deleted in the background keeps its dependents until it is gone': async (world) => {
      const owner = await world.client.create(container(world, 'owner', {}, HOLD));
      const dependent = await world.client.create(configMap(world, 'dependent', {}, ownedBy(owner)));
      await remove(world, owner);
      await world.rest();
      const between = await lives(world, dependent);
      await world.client.patch(refOf(owner), { metadata: { finalizers: null } });
      await untilGone(world, dependent);
      return between;
    },
    'a reference added later counts': async (world) => {
      const owner = await world.client.create(container(world, 'owner'));
      const late = await world.client.create(configMap(world, 'late'));
      await world.client.patch(refOf(late), { metadata: ownedBy(owner) });
      await remove(world, owner);
      await untilGone(world, late);
      return 'gone';
    },
    'a reference taken away counts': async (world) => {
      const { owner, dependent } = await family(world);
      await world.client.patch(refOf(dependent), { metadata: { ownerReferences: null } });
      await world.rest();
      await remove(world, owner);
      await world.rest();
      return lives(world, dependent);
    },
    'two controllers are refused': async (world) => {
      const { owner } = await family(world);
      const other = await world.client.create(container(world, 'other'));
      const references = [
        ...(ownedBy(owner, { controller: true }).ownerReferences as []),
        ...(ownedBy(other, { controller: true }).ownerReferences as []),
      ];
      return refusal(world.client.create(configMap(world, 'both', {}, { ownerReferences: references })));
    },
    'a reference without a uid is refused': (world) =>
      refusal(
        world.client.create(
          configMap(world, 'a', {}, { ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'b', uid: '' }] }),
        ),
      ),
    'the same reference twice': async (world) => {
      const owner = await world.client.create(configMap(world, 'owner'));
      const twice = [...(ownedBy(owner).ownerReferences as []), ...(ownedBy(owner).ownerReferences as [])];
      const made = await world.client.create(configMap(world, 'a', {}, { ownerReferences: twice }));
      return content(made);
    },
    'a Pod that was never bound goes at once, whatever its grace': async (world) => {
      const made = await world.client.create(
        pod(world, 'a', { nodeSelector: { no: 'where' }, terminationGracePeriodSeconds: 600 }),
      );
      await remove(world, made);
      return lives(world, made);
    },
    'a bound Pod gets its grace': async (world) => {
      const made = await world.client.create(pod(world, 'a', { nodeName: world.unique('nowhere') }));
      await remove(world, made);
      const { metadata } = (await stored(world, made)) ?? { metadata: {} as LiveObject['metadata'] };
      return [metadata.deletionTimestamp !== undefined, metadata.deletionGracePeriodSeconds];
    },
    'a bound Pod deleted with a shorter grace': async (world) => {
      const made = await world.client.create(pod(world, 'a', { nodeName: world.unique('nowhere') }));
      const options = { uid: made.metadata.uid, propagation: 'Background' as const };
      await world.client.delete(refOf(made), options);
      await world.client.delete(refOf(made), { ...options, gracePeriodSeconds: 5 });
      const first = (await mustGet(world, made)).metadata.deletionGracePeriodSeconds;
      await world.client.delete(refOf(made), { ...options, gracePeriodSeconds: 20 });
      return [first, (await mustGet(world, made)).metadata.deletionGracePeriodSeconds];
    },
    'a bound Pod deleted without grace is gone': async (world) => {
      const made = await world.client.create(pod(world, 'a', { nodeName: world.unique('nowhere') }));
      const options = { uid: made.metadata.uid, propagation: 'Background' as const, gracePeriodSeconds: 0 };
      return [await world.client.delete(refOf(made), options), await lives(world, made)];
    },
    'a finalizer holds a Pod': async (world) => {
      const made = await world.client.create(pod(world, 'a', { nodeSelector: { no: 'where' } }, HOLD));
      await remove(world, made);
      const { metadata } = await mustGet(world, made);
      return [metadata.finalizers, metadata.deletionGracePeriodSeconds];
    },
    'deleting a namespace deletes what is in it': async (world) => {
      await world.client.create(configMap(world, 'a'));
      await world.client.create(container(world, 'b'));
      await world.client.create(service(world, 'c'));
      const self: KubeObject = { ...NAMESPACE, metadata: { name: world.namespace } };
      await remove(world, self);
      await untilGone(world, self);
      return names(await listed(world, CONFIG_MAP));
    },
    'an owner in another namespace does not count': async (world) => {
      const owner = await world.client.create(
        configMap(world, 'owner', {}, { namespace: 'default', name: world.unique('owner') }),
      );
      const made = await world.client.create(configMap(world, 'a', {}, ownedBy(owner)));
      await untilGone(world, made);
      const before = await lives(world, owner);
      await remove(world, owner);
      return before;
    },
  },
  { about: 'deletion', pods: true },
);
