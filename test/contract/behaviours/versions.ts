import type { JsonObject } from '../../../lib/base/json';
import type { KubeObject, LiveObject } from '../../../lib/base/kube-object';
import { refOf } from '../../../lib/base/kube-object';
import type { World } from '../backend';
import { behaviours } from '../behaviour';
import { content, owners } from '../normalise';
import {
  apply,
  CONFIG_MAP,
  configMap,
  container,
  CONTAINER,
  daemonSet,
  mustGet,
  object,
  policy,
  remove,
  service,
  stored,
} from '../objects';

const version = ({ metadata }: LiveObject): number => Number(metadata.resourceVersion);

/** Whether a write made a new version, and a new generation. */
const change = async (
  world: World,
  manifest: KubeObject,
  write: (first: LiveObject) => Promise<LiveObject>,
): Promise<unknown> => {
  const first = await world.client.create(manifest);
  const next = await write(first);
  return {
    newVersion: version(next) > version(first),
    sameVersion: version(next) === version(first),
    generations: [first.metadata.generation ?? 'none', next.metadata.generation ?? 'none'],
  };
};
const patching = (manifest: (world: World) => KubeObject, patch: JsonObject, options = {}) => {
  return (world: World): Promise<unknown> =>
    change(world, manifest(world), (first) => world.client.patch(refOf(first), patch, options));
};
const aContainer = (world: World): KubeObject => container(world, 'a');
const aConfigMap = (world: World): KubeObject => configMap(world, 'a', { a: '1' });
const toStatus = { subresource: 'status' as const };

export const versions = behaviours(
  {
    'a change of data is a new version': patching(aConfigMap, { data: { a: '2' } }),
    'the same data again is no new version': patching(aConfigMap, { data: { a: '1' } }),
    'an empty patch is no new version': patching(aConfigMap, {}),
    'a change of spec is a new generation': patching(aContainer, { spec: { numCores: 2 } }),
    'the same spec again is no new generation': patching(aContainer, { spec: { numCores: 1 } }),
    'a default said explicitly is no new version': patching(aContainer, { spec: { cpuPolicy: 'auto' } }),
    'a label is no new generation': patching(aContainer, { metadata: { labels: { a: 'b' } } }),
    'a finalizer is no new generation': patching(aContainer, { metadata: { finalizers: ['weka.test/a'] } }),
    'status is a new version and no new generation': patching(aContainer, { status: { result: 'x' } }, toStatus),
    'status by the main endpoint is ignored': patching(aContainer, { status: { result: 'x' } }),
    'spec by the status endpoint is ignored': patching(aContainer, { spec: { numCores: 2 } }, toStatus),
    'a label by the status endpoint': patching(aContainer, { metadata: { labels: { a: 'b' } } }, toStatus),
    'an annotation by the status endpoint of a Service': patching(
      (world) => service(world, 'a'),
      { metadata: { annotations: { a: 'b' } } },
      toStatus,
    ),
    'a Service': patching((world) => service(world, 'a'), { spec: { sessionAffinity: 'ClientIP' } }),
    'a DaemonSet': patching((world) => daemonSet(world, 'a', { nodeSelector: { no: 'where' } }), {
      spec: { minReadySeconds: 1 },
    }),
    'a label of a DaemonSet': patching((world) => daemonSet(world, 'a', { nodeSelector: { no: 'where' } }), {
      metadata: { labels: { a: 'b' } },
    }),
    'applying the same again is no new version': async (world) => {
      const first = await apply(world, container(world, 'a'));
      const again = await apply(world, container(world, 'a'));
      return [version(first) === version(again), first.metadata.generation, again.metadata.generation];
    },
    'sharing a field is a new version and no new generation': async (world) => {
      const first = await apply(world, container(world, 'a'));
      const again = await apply(world, container(world, 'a'), { fieldManager: 'second' });
      return [version(first) === version(again), first.metadata.generation, again.metadata.generation];
    },
    'replacing by the same is no new version': (world) =>
      change(world, aContainer(world), (first) => world.client.replace(first)),
    'replacing with another status keeps the stored one': async (world) => {
      const first = await world.client.create(container(world, 'a'));
      await world.client.patch(refOf(first), { status: { result: 'x' } }, toStatus);
      const now = await mustGet(world, first);
      const { status: _, ...bare } = now;
      return content(await world.client.replace({ ...bare, spec: { ...now.spec, numCores: 2 } }));
    },
    'creating with a status drops it': async (world) =>
      content(await world.client.create({ ...container(world, 'a'), status: { result: 'x' } })),
    'creating with what the server sets is not believed': async (world) => {
      const claimed = {
        generation: 7,
        uid: '00000000-0000-4000-8000-000000000000',
        creationTimestamp: '2020-01-01T00:00:00Z',
        deletionTimestamp: '2020-01-01T00:00:00Z',
      };
      const { metadata } = await world.client.create(container(world, 'a', {}, claimed));
      return [
        metadata.generation,
        metadata.uid === claimed.uid,
        metadata.creationTimestamp === claimed.creationTimestamp,
        metadata.deletionTimestamp ?? 'lives',
      ];
    },
    'creating with a version': async (world) =>
      world.client.create(configMap(world, 'a', {}, { resourceVersion: '7' })).then(
        () => 'accepted',
        (thrown: Error) => thrown.message,
      ),
    'deleting with a finalizer is a new version and a new generation': async (world) => {
      const first = await world.client.create(container(world, 'a', {}, { finalizers: ['weka.test/a'] }));
      await remove(world, first);
      const after = await mustGet(world, first);
      return [version(after) > version(first), after.metadata.generation];
    },
    'deleting a ConfigMap with a finalizer': async (world) => {
      const first = await world.client.create(configMap(world, 'a', {}, { finalizers: ['weka.test/a'] }));
      await remove(world, first);
      const after = await mustGet(world, first);
      return [version(after) > version(first), after.metadata.generation ?? 'none'];
    },
    'a dry run of create says the result and stores nothing': async (world) => {
      const result = await world.client.create(container(world, 'a'), { dryRun: true });
      return [content(result), (await stored(world, container(world, 'a'))) ?? 'nothing'];
    },
    'a dry run of apply says the result and stores nothing': async (world) => {
      const first = await apply(world, configMap(world, 'a', { a: '1' }));
      const result = await apply(world, configMap(world, 'a', { a: '2' }), { dryRun: true });
      return [content(result), version(await mustGet(world, first)) === version(first)];
    },
    'a dry run of patch says the result and stores nothing': async (world) => {
      const first = await world.client.create(configMap(world, 'a', { a: '1' }));
      const result = await world.client.patch(refOf(first), { data: { a: '2' } }, { dryRun: true });
      return [content(result), version(await mustGet(world, first)) === version(first)];
    },
    'a dry run of delete deletes nothing': async (world) => {
      const first = await world.client.create(configMap(world, 'a'));
      const options = { uid: first.metadata.uid, propagation: 'Background' as const, dryRun: true };
      const said = await world.client.delete(refOf(first), options);
      return [said, version(await mustGet(world, first)) === version(first)];
    },
    'versions grow over all objects of a kind': async (world) => {
      const made: LiveObject[] = [];
      for (const name of ['b', 'a', 'c']) made.push(await world.client.create(configMap(world, name)));
      const list = await world.client.list(CONFIG_MAP, { namespace: world.namespace, onPage: () => undefined });
      const all = made.map(version);
      return [
        all.every((each, at) => at === 0 || each > (all[at - 1] ?? 0)),
        Number(list.resourceVersion) >= (all[2] ?? 0),
      ];
    },
    'status applied by two is one status': async (world) => {
      await apply(world, container(world, 'a'));
      await apply(world, object(world, CONTAINER, 'a', { status: { result: 'x' } }), toStatus);
      const other = { ...toStatus, fieldManager: 'second' };
      const both = await apply(world, object(world, CONTAINER, 'a', { status: { status: 'y' } }), other);
      return [both.status, owners(both), both.metadata.generation];
    },
    'an observed generation is whatever is written': async (world) => {
      const first = await world.client.create(policy(world, 'a'));
      const after = await world.client.patch(refOf(first), { status: { observedGeneration: 9 } }, toStatus);
      return [after.status, after.metadata.generation];
    },
  },
  { about: 'versions' },
);
