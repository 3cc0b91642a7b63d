import type { JsonObject } from '../../../lib/base/json';
import type { KubeObject } from '../../../lib/base/kube-object';
import { refOf } from '../../../lib/base/kube-object';
import type { World } from '../backend';
import { behaviours } from '../behaviour';
import { owners, refusal, shown } from '../normalise';
import {
  apply,
  configMap,
  container,
  CONTAINER,
  mustGet,
  object,
  POLICY,
  policy,
  SECRET,
  service,
  WEKA_NODE,
} from '../objects';

const second = { fieldManager: 'second' };
const forced = { fieldManager: 'second', force: true };
const asStranger = { fieldManager: 'stranger' };

/** Applies one after the other, and shows what came of it. */
const afterAll = async (
  world: World,
  steps: readonly (readonly [KubeObject, Parameters<typeof apply>[2]?])[],
): Promise<unknown> => {
  let last: unknown;
  for (const [manifest, options] of steps) last = shown(await apply(world, manifest, options));
  return last;
};
/** Makes it, and lets nobody own anything of it. */
const ownerless = async (world: World, manifest: KubeObject): Promise<void> => {
  const made = await world.client.create(manifest);
  await world.client.replace({ ...made, metadata: { ...made.metadata, managedFields: [{}] } } as unknown as KubeObject);
};
const http = (more: JsonObject = {}): JsonObject => ({ name: 'http', port: 80, ...more });
const https = (more: JsonObject = {}): JsonObject => ({ name: 'https', port: 443, ...more });
const withStatus = (world: World, status: JsonObject): KubeObject => object(world, CONTAINER, 'a', { status });
const condition = (type: string, status = 'True'): JsonObject => ({
  type,
  status,
  reason: 'Because',
  message: 'it is so',
  lastTransitionTime: '2026-01-01T00:00:00Z',
});

export const ownership = behaviours(
  {
    'applying takes what is applied': (world) => afterAll(world, [[configMap(world, 'a', { a: '1', b: '2' })]]),
    'applying an empty map owns the map': (world) => afterAll(world, [[configMap(world, 'a', {})]]),
    'applying labels and annotations owns each key': (world) =>
      afterAll(world, [[configMap(world, 'a', {}, { labels: { a: '1', 'b.test/c': '2' }, annotations: { d: '3' } })]]),
    'applying a service owns ports by key': (world) =>
      afterAll(world, [[service(world, 'a', { ports: [http(), https()] })]]),
    'applying a custom object owns its fields, not its defaults': (world) => afterAll(world, [[container(world, 'a')]]),
    'applying an atomic list owns the whole list': (world) =>
      afterAll(world, [[policy(world, 'a', { driverDistPayload: { nodeSelectors: [{ a: 'b' }, { c: 'd' }] } })]]),
    'applying a null is applying nothing': (world) =>
      afterAll(world, [[container(world, 'a', { nodeAffinity: null as unknown as string })]]),
    'applying finalizers owns each': (world) =>
      afterAll(world, [[configMap(world, 'a', {}, { finalizers: ['weka.test/a', 'weka.test/b'] })]]),
    'applying an owner reference owns it by uid': async (world) => {
      const owner = await apply(world, configMap(world, 'owner'));
      const { apiVersion, kind, metadata } = owner;
      const reference = { apiVersion, kind, name: metadata.name, uid: metadata.uid };
      return afterAll(world, [
        [
          configMap(
            world,
            'a',
            {},
            { ownerReferences: [{ ...reference, controller: true, blockOwnerDeletion: true }] },
          ),
        ],
      ]);
    },
    'applying the same value shares it': (world) =>
      afterAll(world, [[configMap(world, 'a', { a: '1' })], [configMap(world, 'a', { a: '1' }), second]]),
    'applying another value is a conflict': async (world) => {
      await apply(world, configMap(world, 'a', { a: '1' }));
      return refusal(apply(world, configMap(world, 'a', { a: '2' }), second));
    },
    'applying another value of two fields is a conflict about both': async (world) => {
      await apply(world, configMap(world, 'a', { a: '1', b: '1' }));
      return refusal(apply(world, configMap(world, 'a', { a: '2', b: '2' }), second));
    },
    'a conflict with two managers names both': async (world) => {
      await apply(world, configMap(world, 'a', { a: '1' }));
      await apply(world, configMap(world, 'a', { b: '1' }), second);
      return refusal(apply(world, configMap(world, 'a', { a: '2', b: '2' }), { fieldManager: 'third' }));
    },
    'a conflict with one who shares names both': async (world) => {
      await apply(world, configMap(world, 'a', { a: '1' }));
      await apply(world, configMap(world, 'a', { a: '1' }), second);
      return refusal(apply(world, configMap(world, 'a', { a: '2' }), { fieldManager: 'third' }));
    },
    'a conflict with an update says with whom': async (world) => {
      await world.client.create(configMap(world, 'a', { a: '1' }));
      return refusal(apply(world, configMap(world, 'a', { a: '2' })));
    },
    'a conflict with a patch says with whom': async (world) => {
      await apply(world, configMap(world, 'a', { a: '1' }));
      await world.client.patch(refOf(configMap(world, 'a')), { data: { a: '2' } }, asStranger);
      return refusal(apply(world, configMap(world, 'a', { a: '3' })));
    },
    'a conflict about a label': async (world) => {
      await apply(world, configMap(world, 'a', {}, { labels: { 'weka.test/a': '1' } }));
      return refusal(apply(world, configMap(world, 'a', {}, { labels: { 'weka.test/a': '2' } }), second));
    },
    'a conflict about an item of a list': async (world) => {
      await apply(world, service(world, 'a', { ports: [http({ targetPort: 1 })] }));
      return refusal(apply(world, service(world, 'a', { ports: [http({ targetPort: 2 })] }), second));
    },
    'a conflict about an atomic list': async (world) => {
      await apply(world, policy(world, 'a', { driverDistPayload: { nodeSelectors: [{ a: 'b' }] } }));
      return refusal(
        apply(world, policy(world, 'a', { driverDistPayload: { nodeSelectors: [{ a: 'b' }, { c: 'd' }] } }), second),
      );
    },
    'a conflict about an atomic map': async (world) => {
      await apply(world, service(world, 'a', { selector: { a: 'b' } }));
      return refusal(apply(world, service(world, 'a', { selector: { a: 'c' } }), second));
    },
    'a conflict with status': async (world) => {
      await apply(world, container(world, 'a'));
      await apply(world, withStatus(world, { result: 'x' }), { subresource: 'status' });
      return refusal(apply(world, withStatus(world, { result: 'y' }), { ...second, subresource: 'status' }));
    },
    'force takes the field over': (world) =>
      afterAll(world, [[configMap(world, 'a', { a: '1', b: '1' })], [configMap(world, 'a', { a: '2' }), forced]]),
    'force takes the last field over, and nothing is left of the other': (world) =>
      afterAll(world, [[configMap(world, 'a', { a: '1' })], [configMap(world, 'a', { a: '2' }), forced]]),
    'force takes from all who share': (world) =>
      afterAll(world, [
        [configMap(world, 'a', { a: '1' })],
        [configMap(world, 'a', { a: '1' }), second],
        [configMap(world, 'a', { a: '2' }), { fieldManager: 'third', force: true }],
      ]),
    'force takes an atomic list over as a whole': (world) =>
      afterAll(world, [
        [policy(world, 'a', { driverDistPayload: { nodeSelectors: [{ a: 'b' }] } })],
        [policy(world, 'a', { driverDistPayload: { nodeSelectors: [{ c: 'd' }] } }), forced],
      ]),
    'force takes one field of an item over': (world) =>
      afterAll(world, [
        [service(world, 'a', { ports: [http({ targetPort: 1 }), https()] })],
        [service(world, 'a', { ports: [http({ targetPort: 2 })] }), forced],
      ]),
    'leaving a field out gives it up and removes it': (world) =>
      afterAll(world, [[configMap(world, 'a', { a: '1', b: '2' })], [configMap(world, 'a', { a: '1' })]]),
    'leaving a shared field out leaves it to the other': (world) =>
      afterAll(world, [
        [configMap(world, 'a', { a: '1', b: '2' })],
        [configMap(world, 'a', { b: '2' }), second],
        [configMap(world, 'a', { a: '1' })],
      ]),
    'leaving a lost field out changes nothing': (world) =>
      afterAll(world, [
        [configMap(world, 'a', { a: '1' })],
        [configMap(world, 'a', { a: '2' }), forced],
        [configMap(world, 'a', {})],
      ]),
    'leaving everything out removes everything of ours': (world) =>
      afterAll(world, [[configMap(world, 'a', { a: '1' }, { labels: { b: '2' } })], [configMap(world, 'a')]]),
    'leaving the whole map out removes our keys only': (world) =>
      afterAll(world, [
        [configMap(world, 'a', { a: '1' })],
        [configMap(world, 'a', { b: '2' }), second],
        [configMap(world, 'a')],
      ]),
    'leaving an item out removes it': (world) =>
      afterAll(world, [
        [service(world, 'a', { ports: [http(), https()] })],
        [service(world, 'a', { ports: [https()] })],
      ]),
    'leaving an item out that has the field of another leaves it there': async (world) => {
      await apply(world, service(world, 'a', { ports: [http(), https()] }));
      await apply(world, service(world, 'a', { ports: [{ port: 80, targetPort: 8080 }] }), forced);
      return shown(await apply(world, service(world, 'a', { ports: [https()] })));
    },
    'leaving a defaulted field out gives it its default': (world) =>
      afterAll(world, [[service(world, 'a', { sessionAffinity: 'ClientIP' })], [service(world, 'a')]]),
    'leaving a defaulted field of a custom object out gives it its default': (world) =>
      afterAll(world, [[container(world, 'a', { cpuPolicy: 'shared' })], [container(world, 'a')]]),
    'leaving an atomic list out removes it': (world) =>
      afterAll(world, [
        [policy(world, 'a', { driverDistPayload: { nodeSelectors: [{ a: 'b' }] } })],
        [policy(world, 'a')],
      ]),
    'leaving a nested object out removes it': (world) =>
      afterAll(world, [
        [policy(world, 'a', { driverDistPayload: { storage: { hostPath: '/a' } } })],
        [policy(world, 'a')],
      ]),
    'leaving finalizers out removes ours only': (world) =>
      afterAll(world, [
        [configMap(world, 'a', {}, { finalizers: ['weka.test/a'] })],
        [configMap(world, 'a', {}, { finalizers: ['weka.test/b'] }), second],
        [configMap(world, 'a', {})],
      ]),
    'leaving a label out removes ours only': (world) =>
      afterAll(world, [
        [configMap(world, 'a', {}, { labels: { a: '1', b: '2' } })],
        [configMap(world, 'a', {}, { labels: { b: '2', c: '3' } }), second],
        [configMap(world, 'a', {})],
      ]),
    'two managers own items of one list': (world) =>
      afterAll(world, [
        [service(world, 'a', { ports: [http()] })],
        [service(world, 'a', { ports: [https()] }), second],
      ]),
    'two managers own fields of one item': (world) =>
      afterAll(world, [
        [service(world, 'a', { ports: [http()] })],
        [service(world, 'a', { ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }] }), second],
      ]),
    'the order of items is that of the last apply': (world) =>
      afterAll(world, [
        [service(world, 'a', { ports: [http(), https()] })],
        [service(world, 'a', { ports: [https(), http()] })],
      ]),
    'a new item of another manager stands behind': (world) =>
      afterAll(world, [
        [service(world, 'a', { ports: [http(), https()] })],
        [service(world, 'a', { ports: [{ name: 'mid', port: 100 }, https()] }), second],
      ]),
    'a set of values is owned value by value': async (world) => {
      const node = (blockedDrives: string[]): KubeObject => ({
        ...WEKA_NODE,
        metadata: { name: world.unique('n') },
        spec: { blockedDrives },
      });
      await apply(world, node(['a', 'b']));
      await apply(world, node(['b', 'c']), second);
      const both = shown(await mustGet(world, node([])));
      return [both, shown(await apply(world, node(['a']))), shown(await apply(world, node([]), second))];
    },
    'emptying a list by an update takes it from its owner': async (world) => {
      await apply(world, configMap(world, 'a', {}, { finalizers: ['weka.test/a'] }));
      return shown(
        await world.client.patch(refOf(configMap(world, 'a')), { metadata: { finalizers: [] } }, asStranger),
      );
    },
    'an update owns what it changes': async (world) => {
      await apply(world, configMap(world, 'a', { a: '1', b: '1' }));
      return shown(await world.client.patch(refOf(configMap(world, 'a')), { data: { a: '2', c: '3' } }, asStranger));
    },
    'an update that sets the same value owns nothing': async (world) => {
      await apply(world, configMap(world, 'a', { a: '1' }));
      return shown(await world.client.patch(refOf(configMap(world, 'a')), { data: { a: '1' } }, asStranger));
    },
    'an update that removes a field takes it from its owner': async (world) => {
      await apply(world, configMap(world, 'a', { a: '1', b: '1' }));
      return shown(
        await world.client.patch(refOf(configMap(world, 'a')), { data: { a: null as unknown as string } }, asStranger),
      );
    },
    'an update that removes a map takes it from its owner': async (world) => {
      await apply(world, configMap(world, 'a', { a: '1' }, { labels: { b: '2' } }));
      return shown(
        await world.client.patch(refOf(configMap(world, 'a')), { data: null, metadata: { labels: null } }, asStranger),
      );
    },
    'an update of an item of a list owns only its field': async (world) => {
      await apply(world, service(world, 'a', { ports: [http()] }));
      return shown(
        await world.client.patch(
          refOf(service(world, 'a')),
          { spec: { ports: [{ name: 'http', port: 80, protocol: 'TCP', targetPort: 8080 }] } },
          asStranger,
        ),
      );
    },
    'an update of a custom object owns what it changes': async (world) => {
      await apply(world, container(world, 'a'));
      return shown(
        await world.client.patch(
          refOf(container(world, 'a')),
          { spec: { numCores: 2, nodeAffinity: 'n' } },
          asStranger,
        ),
      );
    },
    'an update of an atomic list takes it as a whole': async (world) => {
      await apply(world, policy(world, 'a', { driverDistPayload: { nodeSelectors: [{ a: 'b' }] } }));
      return shown(
        await world.client.patch(
          refOf(policy(world, 'a')),
          { spec: { payload: { driverDistPayload: { nodeSelectors: [{ c: 'd' }] } } } },
          asStranger,
        ),
      );
    },
    'two updates of one manager are one entry': async (world) => {
      await world.client.create(configMap(world, 'a', { a: '1' }));
      await world.client.patch(refOf(configMap(world, 'a')), { data: { b: '2' } });
      return owners(await world.client.patch(refOf(configMap(world, 'a')), { data: { a: '3' } }));
    },
    'creating owns what was given, not the defaults': async (world) =>
      shown(await world.client.create(container(world, 'a'))),
    'creating a service owns what was given': async (world) => owners(await world.client.create(service(world, 'a'))),
    'creating owns the defaults of a built-in kind': async (world) =>
      owners(await world.client.create(service(world, 'a', { type: 'NodePort', ports: [http(), https()] }))),
    'replacing owns what it changes': async (world) => {
      const first = await world.client.create(configMap(world, 'a', { a: '1' }));
      await apply(world, configMap(world, 'a', { b: '1' }));
      const now = await mustGet(world, first);
      return shown(await world.client.replace({ ...now, data: { b: '2', c: '3' } }));
    },
    'replacing without managedFields keeps them': async (world) => {
      const { metadata, ...rest } = await apply(world, configMap(world, 'a', { a: '1' }));
      const { managedFields: _, ...bare } = metadata;
      return shown(await world.client.replace({ ...rest, metadata: bare, data: { a: '1', b: '2' } }));
    },
    'the first apply to what nobody owns leaves the rest to before-first-apply': async (world) => {
      await ownerless(world, configMap(world, 'a', { a: '1', b: '2' }, { labels: { l: '1' } }));
      return afterAll(world, [[configMap(world, 'a', { a: '1' })]]);
    },
    'the first apply to what nobody owns conflicts with before-first-apply': async (world) => {
      await ownerless(world, configMap(world, 'a', { a: '1', b: '2' }));
      return refusal(apply(world, configMap(world, 'a', { a: '2' })));
    },
    'the first apply by force to what nobody owns takes its fields': async (world) => {
      await ownerless(world, configMap(world, 'a', { a: '1', b: '2' }));
      return afterAll(world, [[configMap(world, 'a', { a: '2' }), { force: true }]]);
    },
    'the first apply to a service that nobody owns': async (world) => {
      await ownerless(world, service(world, 'a', { ports: [http(), https()] }));
      return afterAll(world, [[service(world, 'a', { ports: [http()] })]]);
    },
    'the first apply to a custom object that nobody owns': async (world) => {
      await ownerless(world, container(world, 'a'));
      return afterAll(world, [[container(world, 'a')]]);
    },
    'the first apply to a custom object with a status that nobody owns': async (world) => {
      await ownerless(world, container(world, 'a'));
      await world.client.patch(
        refOf(container(world, 'a')),
        { status: { result: 'x' } },
        { ...asStranger, subresource: 'status' },
      );
      return afterAll(world, [[container(world, 'a')]]);
    },
    'the first apply of a status to what nobody owns': async (world) => {
      await ownerless(world, container(world, 'a'));
      await world.client.patch(
        refOf(container(world, 'a')),
        { status: { result: 'x' } },
        { ...asStranger, subresource: 'status' },
      );
      return afterAll(world, [[withStatus(world, { result: 'x', status: 'y' }), { subresource: 'status' }]]);
    },
    'an update of what nobody owns owns nothing': async (world) => {
      await ownerless(world, configMap(world, 'a', { a: '1' }));
      return shown(await world.client.patch(refOf(configMap(world, 'a')), { data: { a: '2' } }, asStranger));
    },
    'replacing with empty managedFields resets them': async (world) => {
      const { metadata, ...rest } = await apply(world, configMap(world, 'a', { a: '1' }));
      return shown(
        await world.client.replace({
          ...rest,
          metadata: { ...metadata, managedFields: [{}] },
        } as unknown as KubeObject),
      );
    },
    'an apply over an object that was created is taken beside it': async (world) => {
      await world.client.create(configMap(world, 'a', { a: '1' }));
      return shown(await apply(world, configMap(world, 'a', { a: '1', b: '2' })));
    },
    'an apply over fields of an unknown manager shares them': async (world) => {
      await world.client.create(container(world, 'a', { numCores: 2 }));
      return shown(await apply(world, container(world, 'a', { numCores: 2 })));
    },
    'status applied is owned apart': async (world) => {
      await apply(world, container(world, 'a'));
      return shown(await apply(world, withStatus(world, { result: 'x' }), { subresource: 'status' }));
    },
    'the main endpoint drops an applied status': async (world) =>
      shown(await apply(world, { ...container(world, 'a'), status: { result: 'x' } })),
    'the status endpoint drops an applied spec': async (world) => {
      await apply(world, container(world, 'a'));
      const both = { ...container(world, 'a', { numCores: 3 }), status: { result: 'x' } };
      return shown(await apply(world, both, { subresource: 'status' }));
    },
    'the status endpoint drops applied labels': async (world) => {
      await apply(world, container(world, 'a'));
      const labelled = object(world, CONTAINER, 'a', { status: { result: 'x' } }, { labels: { a: 'b' } });
      return shown(await apply(world, labelled, { subresource: 'status' }));
    },
    'conditions are owned by type': async (world) => {
      await apply(world, container(world, 'a'));
      await apply(world, withStatus(world, { conditions: [condition('Ready')] }), { subresource: 'status' });
      const other = { ...second, subresource: 'status' as const };
      return shown(await apply(world, withStatus(world, { conditions: [condition('Stalled', 'False')] }), other));
    },
    'status left out is given up': async (world) => {
      await apply(world, container(world, 'a'));
      const options = { subresource: 'status' as const };
      await apply(world, withStatus(world, { result: 'x', conditions: [condition('Ready')] }), options);
      return shown(await apply(world, withStatus(world, { result: 'x' }), options));
    },
    'status left out as a whole': async (world) => {
      await apply(world, container(world, 'a'));
      const options = { subresource: 'status' as const };
      await apply(world, withStatus(world, { result: 'x' }), options);
      return shown(await apply(world, object(world, CONTAINER, 'a', {}), options));
    },
    'status patched is owned apart': async (world) => {
      await apply(world, container(world, 'a'));
      const options = { ...asStranger, subresource: 'status' as const };
      return shown(await world.client.patch(refOf(container(world, 'a')), { status: { result: 'x' } }, options));
    },
    'status patched over an applied one takes the field': async (world) => {
      await apply(world, container(world, 'a'));
      await apply(world, withStatus(world, { result: 'x', status: 'y' }), { subresource: 'status' });
      const options = { ...asStranger, subresource: 'status' as const };
      return shown(await world.client.patch(refOf(container(world, 'a')), { status: { result: 'z' } }, options));
    },
    'an apply of a secret owns its keys': (world) =>
      afterAll(world, [[object(world, SECRET, 'a', { type: 'Opaque', data: { a: 'Yg==' } })]]),
    'an apply of stringData is owned as such': (world) =>
      afterAll(world, [[object(world, SECRET, 'a', { stringData: { a: 'b' } })]]),
    'a policy of two owners': (world) =>
      afterAll(world, [
        [policy(world, 'a', { interval: '1m' })],
        [object(world, POLICY, 'a', { spec: { tolerations: [{ operator: 'Exists' }] } }), second],
      ]),
    'an incomplete new object is refused': (world) =>
      refusal(apply(world, object(world, POLICY, 'a', { spec: { tolerations: [{ operator: 'Exists' }] } }))),
    'a manager without a name is refused': (world) =>
      refusal(apply(world, configMap(world, 'a'), { fieldManager: '' })),
    'a manager with too long a name is refused': (world) =>
      refusal(apply(world, configMap(world, 'a'), { fieldManager: 'a'.repeat(129) })),
  },
  { about: 'ownership' },
);
