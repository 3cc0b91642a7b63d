import type { KubeObject } from '../../../lib/base/kube-object';
import { refOf } from '../../../lib/base/kube-object';
import type { World } from '../backend';
import { behaviours } from '../behaviour';
import { content, outcome, refusal, shown } from '../normalise';
import {
  apply,
  CONFIG_MAP,
  configMap,
  container,
  CONTAINER,
  LEASE,
  mustGet,
  NAMESPACE,
  object,
  pod,
  policy,
  remove,
  service,
  stored,
  untilGone,
} from '../objects';

const ABSENT_UID = '00000000-0000-4000-8000-000000000000';
const NO_KIND = { apiVersion: 'weka.weka.io/v1alpha1', kind: 'Nothing' };
const NO_GROUP = { apiVersion: 'nothing.test/v1', kind: 'Nothing' };

const made = async (world: World, manifest: KubeObject): Promise<KubeObject> => {
  await world.client.create(manifest);
  return mustGet(world, manifest);
};
const lease = (world: World, name: string): KubeObject =>
  object(world, LEASE, name, { spec: { holderIdentity: 'a', leaseDurationSeconds: 15 } });
const unversioned = ({ metadata: { resourceVersion: _, ...metadata }, ...rest }: KubeObject): KubeObject => ({
  ...rest,
  metadata,
});

/** Ends with the namespace being deleted, held by a ConfigMap with a finalizer. */
const terminating = async (world: World): Promise<KubeObject> => {
  const held = configMap(world, 'held', {}, { finalizers: ['weka.test/hold'] });
  await world.client.create(held);
  const self: KubeObject = { ...NAMESPACE, metadata: { name: world.namespace } };
  await remove(world, self);
  await world.settle('deletion', async () => (await mustGet(world, held)).metadata.deletionTimestamp !== undefined);
  return held;
};

export const errors = behaviours(
  {
    'get of what is not there is undefined': async (world) =>
      (await stored(world, configMap(world, 'a'))) ?? 'undefined',
    'get in a namespace that is not there is undefined': async (world) =>
      (await stored(world, { ...CONFIG_MAP, namespace: 'nowhere', name: 'a' })) ?? 'undefined',
    'create of what is there': async (world) => {
      await made(world, configMap(world, 'a'));
      return refusal(world.client.create(configMap(world, 'a')));
    },
    'create in a namespace that is not there': (world) =>
      refusal(world.client.create(configMap(world, 'a', {}, { namespace: 'nowhere' }))),
    'apply in a namespace that is not there': (world) =>
      refusal(apply(world, configMap(world, 'a', {}, { namespace: 'nowhere' }))),
    'create of a kind that is not served': (world) => refusal(world.client.create(object(world, NO_KIND, 'a', {}))),
    'apply of a kind that is not served': (world) => refusal(apply(world, object(world, NO_KIND, 'a', {}))),
    'get of a kind of a group that is not served': (world) =>
      refusal(stored(world, { ...NO_GROUP, namespace: world.namespace, name: 'a' })),
    'list of a kind that is not served': (world) => refusal(world.client.list(NO_KIND, { onPage: () => undefined })),
    'delete of a kind that is not served': (world) =>
      refusal(
        world.client.delete(
          { ...NO_KIND, namespace: world.namespace, name: 'a' },
          { uid: ABSENT_UID, propagation: 'Background' },
        ),
      ),
    'watch of a kind that is not served': (world) =>
      refusal(
        world.client.watch(NO_KIND, {
          resourceVersion: '1',
          timeoutSeconds: 5,
          idleSeconds: 5,
          onEvent: () => undefined,
        }),
      ),
    'create with generateName gives a name of five more characters': async (world) => {
      const { metadata } = await world.client.create(configMap(world, '', {}, { name: undefined, generateName: 'a-' }));
      return [/^a-[a-z0-9]{5}$/.test(metadata.name), metadata.generateName];
    },
    'create without a name': (world) => refusal(world.client.create(configMap(world, '', {}, { name: undefined }))),
    'replace of what is not there': (world) => refusal(world.client.replace(configMap(world, 'a'))),
    'replace of a custom object that is not there': (world) => refusal(world.client.replace(container(world, 'a'))),
    'replace of a Lease that is not there': (world) => outcome(world.client.replace(lease(world, 'a')).then(content)),
    'replace of a Service that is not there': (world) =>
      outcome(world.client.replace(service(world, 'a')).then(content)),
    'replace of an older version': async (world) => {
      const first = await made(world, configMap(world, 'a'));
      await world.client.patch(refOf(first), { data: { a: '1' } });
      return refusal(world.client.replace(first));
    },
    'replace of an older version of a custom object': async (world) => {
      const first = await made(world, container(world, 'a'));
      await world.client.patch(refOf(first), { spec: { numCores: 2 } });
      return refusal(world.client.replace(first));
    },
    'replace of a ConfigMap without a version': async (world) => {
      const first = await made(world, configMap(world, 'a'));
      return refusal(world.client.replace(unversioned(first)));
    },
    'replace of a Lease without a version': async (world) => {
      const first = await made(world, lease(world, 'a'));
      return refusal(world.client.replace(unversioned(first)));
    },
    'replace of a Service without a version': async (world) => {
      const first = await made(world, service(world, 'a'));
      return refusal(world.client.replace(unversioned(first)));
    },
    'replace of a custom object without a version': async (world) => {
      const first = await made(world, container(world, 'a'));
      return refusal(world.client.replace(unversioned(first)));
    },
    'replace of another bearer of the name': async (world) => {
      const first = await made(world, configMap(world, 'a'));
      return refusal(world.client.replace({ ...first, metadata: { ...first.metadata, uid: ABSENT_UID } }));
    },
    'patch of what is not there': (world) => refusal(world.client.patch(refOf(configMap(world, 'a')), { data: {} })),
    'patch of a custom object that is not there': (world) =>
      refusal(world.client.patch(refOf(container(world, 'a')), { spec: {} })),
    'patch of another bearer of the name': async (world) => {
      const first = await made(world, configMap(world, 'a'));
      return refusal(world.client.patch(refOf(first), { data: { a: '1' } }, { uid: ABSENT_UID }));
    },
    'patch of another bearer of the name of a custom object': async (world) => {
      const first = await made(world, container(world, 'a'));
      return refusal(world.client.patch(refOf(first), { spec: { numCores: 2 } }, { uid: ABSENT_UID }));
    },
    'patch of an older version': async (world) => {
      const first = await made(world, configMap(world, 'a'));
      await world.client.patch(refOf(first), { data: { a: '1' } });
      const { resourceVersion } = first.metadata as { resourceVersion: string };
      return refusal(world.client.patch(refOf(first), { data: { a: '2' } }, { resourceVersion }));
    },
    'patch of a custom object of an older version': async (world) => {
      const first = await made(world, container(world, 'a'));
      await world.client.patch(refOf(first), { spec: { numCores: 2 } });
      const { resourceVersion } = first.metadata as { resourceVersion: string };
      return refusal(world.client.patch(refOf(first), { spec: { numCores: 3 } }, { resourceVersion }));
    },
    'patch of the name': async (world) => {
      const first = await made(world, configMap(world, 'a'));
      return refusal(world.client.patch(refOf(first), { metadata: { name: 'b' } }));
    },
    'patch of the namespace': async (world) => {
      const first = await made(world, configMap(world, 'a'));
      return refusal(world.client.patch(refOf(first), { metadata: { namespace: 'default' } }));
    },
    'patch of the kind': async (world) => {
      const first = await made(world, configMap(world, 'a'));
      return refusal(world.client.patch(refOf(first), { kind: 'Secret' }));
    },
    'patch with what the server alone sets is ignored': async (world) => {
      const first = await made(world, container(world, 'a'));
      const times = { creationTimestamp: '2020-01-01T00:00:00Z', generation: 7 };
      const after = await world.client.patch(refOf(first), { metadata: times });
      return [
        after.metadata.creationTimestamp === first.metadata.creationTimestamp,
        after.metadata.generation,
        after.metadata.deletionTimestamp ?? 'lives',
        after.metadata.resourceVersion === first.metadata.resourceVersion,
      ];
    },
    'patch of the time of deletion': async (world) => {
      const first = await made(world, container(world, 'a'));
      return refusal(world.client.patch(refOf(first), { metadata: { deletionTimestamp: '2020-01-01T00:00:00Z' } }));
    },
    'patch to a spec that is not an object': async (world) => {
      const first = await made(world, container(world, 'a'));
      return refusal(world.client.patch(refOf(first), { spec: 'a' }));
    },
    'apply for another bearer of the name': async (world) => {
      await made(world, configMap(world, 'a'));
      return refusal(apply(world, configMap(world, 'a', { a: '1' }), { uid: ABSENT_UID }));
    },
    'apply for another bearer of the name of a custom object': async (world) => {
      await made(world, container(world, 'a'));
      return refusal(apply(world, container(world, 'a', { numCores: 1 }), { uid: ABSENT_UID, force: true }));
    },
    'apply with a uid when nobody has the name': (world) =>
      refusal(apply(world, configMap(world, 'a'), { uid: ABSENT_UID })),
    'apply with a uid when nobody has the name of a custom object': (world) =>
      refusal(apply(world, container(world, 'a'), { uid: ABSENT_UID })),
    'apply with a version when nobody has the name': (world) =>
      refusal(apply(world, configMap(world, 'a'), { resourceVersion: '1' })),
    'apply of an older version': async (world) => {
      const first = await apply(world, configMap(world, 'a'));
      await apply(world, configMap(world, 'a', { a: '1' }));
      const { resourceVersion } = first.metadata;
      return refusal(apply(world, configMap(world, 'a', { a: '2' }), { resourceVersion }));
    },
    'apply of a custom object of an older version': async (world) => {
      const first = await apply(world, container(world, 'a'));
      await apply(world, container(world, 'a', { numCores: 2 }));
      const { resourceVersion } = first.metadata;
      return refusal(apply(world, container(world, 'a', { numCores: 3 }), { resourceVersion }));
    },
    'apply with managedFields': (world) =>
      refusal(apply(world, configMap(world, 'a', {}, { managedFields: [] }))).then(async (empty) => [
        empty,
        await refusal(
          apply(
            world,
            configMap(
              world,
              'b',
              {},
              { managedFields: [{ manager: 'a', operation: 'Apply', apiVersion: 'v1', fieldsV1: {} }] },
            ),
          ),
        ),
      ]),
    'apply of a field that the kind does not have': (world) =>
      refusal(apply(world, service(world, 'a', { colour: 'red' }))),
    'apply of a field that the custom kind does not have': (world) =>
      refusal(apply(world, container(world, 'a', { colour: 'red' }))),
    'apply of a field that an item of a list does not have': (world) =>
      refusal(apply(world, service(world, 'a', { ports: [{ port: 80, colour: 'red' }] }))),
    'apply of an unknown field of metadata': (world) =>
      refusal(apply(world, configMap(world, 'a', {}, { colour: 'red' }))),
    'create with a field that the kind does not have': (world) =>
      refusal(world.client.create(service(world, 'a', { colour: 'red' }))),
    'create with a field that the custom kind does not have': (world) =>
      refusal(world.client.create(container(world, 'a', { colour: 'red' }))),
    'create with two fields that the kind does not have': (world) =>
      refusal(world.client.create(service(world, 'a', { colour: 'red', ports: [{ port: 80, size: 1 }] }))),
    'create with two fields that the custom kind does not have': (world) =>
      refusal(world.client.create(container(world, 'a', { colour: 'red', resources: { size: 1 } }))),
    'replace with a field that the kind does not have': async (world) => {
      const first = await made(world, service(world, 'a'));
      return refusal(world.client.replace({ ...first, spec: { ...first.spec, colour: 'red' } }));
    },
    'patch with a field that the kind does not have': async (world) => {
      await made(world, service(world, 'a'));
      return refusal(world.client.patch(refOf(service(world, 'a')), { spec: { colour: 'red' } }));
    },
    'patch with a field that the custom kind does not have': async (world) => {
      await made(world, container(world, 'a'));
      return refusal(world.client.patch(refOf(container(world, 'a')), { spec: { colour: 'red' } }));
    },
    'create with a number where text belongs': (world) => refusal(world.client.create(configMap(world, 'a', { a: 1 }))),
    'create with text where a number belongs': (world) =>
      refusal(world.client.create(service(world, 'a', { ports: [{ port: 'http' }] }))),
    'create with an object where a list belongs': (world) =>
      refusal(world.client.create(pod(world, 'a', { containers: {} }))),
    'create with a number where text belongs in metadata': (world) =>
      refusal(world.client.create(configMap(world, 'a', {}, { labels: { a: 1 } }))),
    'create of a custom object with a number where text belongs in metadata': (world) =>
      refusal(world.client.create(container(world, 'a', {}, { labels: { a: 1 } }))),
    'apply with a number where text belongs': (world) => refusal(apply(world, configMap(world, 'a', { a: 1 }))),
    'apply with text where a number belongs': (world) =>
      refusal(apply(world, service(world, 'a', { ports: [{ port: 'http' }] }))),
    'apply of a custom object with text where a number belongs': (world) =>
      refusal(apply(world, container(world, 'a', { numCores: 'two' }))),
    'apply of an item without its key': (world) =>
      refusal(apply(world, pod(world, 'a', { containers: [{ image: 'a' }] }))),
    'apply of two items with the same key': (world) =>
      refusal(
        apply(
          world,
          pod(world, 'a', {
            containers: [
              { name: 'a', image: 'a' },
              { name: 'a', image: 'b' },
            ],
          }),
        ),
      ),
    'apply of the same value twice in a set': (world) =>
      refusal(apply(world, configMap(world, 'a', {}, { finalizers: ['weka.test/a', 'weka.test/a'] }))),
    'status of a kind without the subresource': async (world) => {
      await made(world, configMap(world, 'a'));
      return refusal(world.client.patch(refOf(configMap(world, 'a')), { data: {} }, { subresource: 'status' }));
    },
    'status applied to what is not there': (world) =>
      refusal(apply(world, object(world, CONTAINER, 'a', { status: { result: 'x' } }), { subresource: 'status' })),
    'status patched on what is not there': (world) =>
      refusal(world.client.patch(refOf(container(world, 'a')), { status: {} }, { subresource: 'status' })),
    'delete of what is not there': (world) =>
      world.client.delete(refOf(configMap(world, 'a')), { uid: ABSENT_UID, propagation: 'Background' }),
    'delete of another bearer of the name': async (world) => {
      await made(world, configMap(world, 'a'));
      return refusal(world.client.delete(refOf(configMap(world, 'a')), { uid: ABSENT_UID, propagation: 'Background' }));
    },
    'delete of an older version': async (world) => {
      const first = await made(world, configMap(world, 'a'));
      await world.client.patch(refOf(first), { data: { a: '1' } });
      const { uid = '', resourceVersion = '' } = first.metadata;
      return refusal(world.client.delete(refOf(first), { uid, resourceVersion, propagation: 'Background' }));
    },
    'delete of another bearer and an older version': async (world) => {
      const first = await made(world, configMap(world, 'a'));
      return refusal(
        world.client.delete(refOf(first), { uid: ABSENT_UID, resourceVersion: '1', propagation: 'Background' }),
      );
    },
    'a name made again is another object': async (world) => {
      const first = await made(world, configMap(world, 'a'));
      await remove(world, first);
      const second = await made(world, configMap(world, 'a'));
      return [first.metadata.uid, second.metadata.uid];
    },
    'create in a namespace that is being deleted': async (world) => {
      await terminating(world);
      return refusal(world.client.create(configMap(world, 'a')));
    },
    'create of a custom object in a namespace that is being deleted': async (world) => {
      await terminating(world);
      return refusal(world.client.create(container(world, 'a')));
    },
    'apply of something new in a namespace that is being deleted': async (world) => {
      await terminating(world);
      return refusal(apply(world, policy(world, 'a')));
    },
    'apply of what is there in a namespace that is being deleted': async (world) => {
      const held = await terminating(world);
      return outcome(apply(world, configMap(world, 'held', { a: '1' })).then(({ data }) => [held.kind, data]));
    },
    'a namespace that is being deleted says so': async (world) => {
      const held = await terminating(world);
      const self = await mustGet(world, { ...NAMESPACE, metadata: { name: world.namespace } });
      await world.client.patch(refOf(held), { metadata: { finalizers: null } });
      await untilGone(world, { ...NAMESPACE, metadata: { name: world.namespace } });
      return [self.status?.phase, self.spec?.finalizers, self.metadata.deletionTimestamp !== undefined];
    },
    'a namespace is refused as namespace of a cluster-wide kind': (world) =>
      refusal(world.client.create({ ...NAMESPACE, metadata: { name: world.unique('a'), namespace: world.namespace } })),
    'a namespaced kind needs a namespace': (world) =>
      refusal(world.client.create(configMap(world, 'a', {}, { namespace: undefined }))),
    'a new object shows what was asked for': async (world) =>
      shown(await made(world, configMap(world, 'a', { a: '1' }))),
  },
  { about: 'errors' },
);
