import type { JsonObject } from '../../../lib/base/json';
import type { KubeObject, LiveObject } from '../../../lib/base/kube-object';
import { refOf } from '../../../lib/base/kube-object';
import type { World } from '../backend';
import { behaviours } from '../behaviour';
import { content } from '../normalise';
import { daemonSet, listed, mustGet, NODE, pod, POD, remove, untilGone } from '../objects';

const CAPACITY = { cpu: '4', memory: '8Gi', pods: '10' };
const READY = {
  type: 'Ready',
  status: 'True',
  reason: 'KubeletReady',
  message: 'ok',
  lastHeartbeatTime: '2026-01-01T00:00:00Z',
  lastTransitionTime: '2026-01-01T00:00:00Z',
};

interface NodeOptions {
  readonly labels?: JsonObject;
  readonly taints?: readonly JsonObject[];
  readonly unschedulable?: boolean;
  readonly capacity?: JsonObject;
}

/** A node that nobody runs, ready; it carries a label that only its world has. */
const node = async (world: World, name: string, options: NodeOptions = {}): Promise<KubeObject> => {
  const { labels = {}, taints = [], unschedulable, capacity = CAPACITY } = options;
  const made: KubeObject = {
    ...NODE,
    metadata: {
      name: world.unique(name),
      labels: { [world.unique('world')]: '', 'kubernetes.io/hostname': world.unique(name), ...labels } as Record<
        string,
        string
      >,
    },
    spec: { taints: [...taints], ...(unschedulable === undefined ? {} : { unschedulable }) },
  };
  await world.client.create(made);
  await world.client.patch(
    refOf(made),
    { status: { capacity, allocatable: capacity, conditions: [READY] } },
    { subresource: 'status' },
  );
  await world.settle('a node without taints of its own', async () =>
    taintsOf(await mustGet(world, made)).every(({ key }) => key !== 'node.kubernetes.io/not-ready'),
  );
  return made;
};
const taintsOf = ({ spec }: KubeObject): JsonObject[] => (spec?.taints as JsonObject[] | undefined) ?? [];
const here = (world: World): JsonObject => ({ [world.unique('world')]: '' });

/** A Pod that may only run on nodes of the world. */
const mine = (world: World, name: string, spec: JsonObject = {}): KubeObject =>
  pod(world, name, { nodeSelector: here(world), ...spec });
const cpu = (amount: string): JsonObject => ({
  containers: [{ name: 'main', image: 'a', resources: { requests: { cpu: amount } } }],
});

const condition = ({ status }: KubeObject): JsonObject | undefined =>
  (status?.conditions as JsonObject[] | undefined)?.find(({ type }) => type === 'PodScheduled');
const judged = (live: LiveObject): boolean => live.spec?.nodeName !== undefined || condition(live) !== undefined;

/** Where the scheduler put it; or in one of `why`'s phrases what it said. */
const placed = async (world: World, made: KubeObject, why: readonly string[] = []): Promise<unknown> => {
  await world.client.create(made);
  await world.settle('the scheduler', async () => judged(await mustGet(world, made)));
  return where(world, made, why);
};
const where = async (world: World, made: KubeObject, why: readonly string[]): Promise<unknown> => {
  const live = await mustGet(world, made);
  const { reason, status, message } = condition(live) ?? {};
  return (
    live.spec?.nodeName ?? [
      status,
      reason,
      why.filter((phrase) => typeof message === 'string' && message.includes(phrase)),
    ]
  );
};

const podsOf = async (world: World): Promise<LiveObject[]> =>
  (await listed(world, POD)).filter(({ metadata }) => metadata.ownerReferences !== undefined);
const target = (live: LiveObject): unknown =>
  JSON.stringify(live.spec?.affinity ?? {}).match(/"values":\["([^"]+)"\]/)?.[1];

/** Makes a DaemonSet on the world's nodes and waits for `count` Pods. */
const daemons = async (
  world: World,
  count: number,
  podSpec: JsonObject = {},
  spec: JsonObject = {},
): Promise<KubeObject> => {
  const set = daemonSet(world, 'set', { nodeSelector: here(world), ...podSpec }, spec);
  await world.client.create(set);
  await world.settle(`${count} Pods`, async () => (await podsOf(world)).length === count);
  await world.settle('its status', async () => {
    const { status, metadata } = await mustGet(world, set);
    return status?.desiredNumberScheduled === count && status.observedGeneration === metadata.generation;
  });
  await world.rest();
  return set;
};
const targets = async (world: World): Promise<unknown[]> => (await podsOf(world)).map(target).sort();

export const placement = behaviours(
  {
    'a Pod goes to the node that has room': async (world) => {
      await node(world, 'a');
      return placed(world, mine(world, 'p'));
    },
    'a bound Pod says so': async (world) => {
      await node(world, 'a');
      await placed(world, mine(world, 'p'));
      const { type, status } = condition(await mustGet(world, mine(world, 'p'))) ?? {};
      return [type, status];
    },
    'a selector that no node has': async (world) => {
      await node(world, 'a');
      return placed(world, mine(world, 'p', { nodeSelector: { ...here(world), no: 'where' } }), [
        "didn't match Pod's node affinity/selector",
      ]);
    },
    'a taint that is not tolerated': async (world) => {
      await node(world, 'a', { taints: [{ key: 'weka.test/a', value: 'b', effect: 'NoSchedule' }] });
      return placed(world, mine(world, 'p'), ['had untolerated taint']);
    },
    'a taint that is tolerated': async (world) => {
      await node(world, 'a', { taints: [{ key: 'weka.test/a', value: 'b', effect: 'NoSchedule' }] });
      const tolerations = [{ key: 'weka.test/a', operator: 'Equal', value: 'b', effect: 'NoSchedule' }];
      return placed(world, mine(world, 'p', { tolerations }));
    },
    'a taint that is tolerated with another value': async (world) => {
      await node(world, 'a', { taints: [{ key: 'weka.test/a', value: 'b', effect: 'NoSchedule' }] });
      const tolerations = [{ key: 'weka.test/a', operator: 'Equal', value: 'c', effect: 'NoSchedule' }];
      return placed(world, mine(world, 'p', { tolerations }), ['had untolerated taint']);
    },
    'a cordoned node': async (world) => {
      await node(world, 'a', { unschedulable: true });
      return placed(world, mine(world, 'p'), ['unschedulable']);
    },
    'a cordoned node is tainted': async (world) => {
      const made = await node(world, 'a');
      await world.client.patch(refOf(made), { spec: { unschedulable: true } });
      await world.settle('the taint', async () => taintsOf(await mustGet(world, made)).length > 0);
      return taintsOf(await mustGet(world, made));
    },
    'more cores than a node has': async (world) => {
      await node(world, 'a');
      return placed(world, mine(world, 'p', cpu('5')), ['Insufficient cpu']);
    },
    'more cores than others leave': async (world) => {
      await node(world, 'a');
      const first = await placed(world, mine(world, 'p', cpu('3')));
      return [first, await placed(world, mine(world, 'q', cpu('1500m')), ['Insufficient cpu'])];
    },
    'a port of the host that is taken': async (world) => {
      await node(world, 'a');
      const ports = {
        hostNetwork: true,
        containers: [{ name: 'main', image: 'a', ports: [{ containerPort: 14000 }] }],
      };
      const first = await placed(world, mine(world, 'p', ports));
      return [first, await placed(world, mine(world, 'q', ports), ["didn't have free ports"])];
    },
    'a device that no node has': async (world) => {
      await node(world, 'a');
      const containers = [{ name: 'main', image: 'a', resources: { limits: { 'weka.test/x': '1' } } }];
      return placed(world, mine(world, 'p', { containers }), ['Insufficient weka.test/x']);
    },
    'waiting Pods go when there is room again': async (world) => {
      await node(world, 'a');
      await placed(world, mine(world, 'p', cpu('3')));
      await placed(world, mine(world, 'q', cpu('3')));
      const options = { propagation: 'Background' as const, gracePeriodSeconds: 0 };
      const { uid } = (await mustGet(world, mine(world, 'p'))).metadata;
      await world.client.delete(refOf(mine(world, 'p')), { ...options, uid });
      await world.settle('room', async () => (await mustGet(world, mine(world, 'q'))).spec?.nodeName !== undefined);
      return where(world, mine(world, 'q'), []);
    },
    'waiting Pods go when a node comes': async (world) => {
      const first = await placed(world, mine(world, 'p'));
      await node(world, 'a');
      await world.settle('a place', async () => (await mustGet(world, mine(world, 'p'))).spec?.nodeName !== undefined);
      return [first, await where(world, mine(world, 'p'), [])];
    },
    'affinity to one of two nodes': async (world) => {
      await node(world, 'a', { labels: { zone: 'x' } });
      await node(world, 'b', { labels: { zone: 'y' } });
      const term = { matchExpressions: [{ key: 'zone', operator: 'In', values: ['y'] }] };
      const nodeAffinity = { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term] } };
      return placed(world, mine(world, 'p', { affinity: { nodeAffinity } }));
    },
    'anti-affinity keeps two apart': async (world) => {
      await node(world, 'a');
      const term = { labelSelector: { matchLabels: { app: 'x' } }, topologyKey: 'kubernetes.io/hostname' };
      const affinity = { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } };
      const labelled = (name: string): KubeObject => {
        const made = mine(world, name, { affinity });
        return { ...made, metadata: { ...made.metadata, labels: { app: 'x' } } };
      };
      const first = await placed(world, labelled('p'));
      return [first, await placed(world, labelled('q'), ["didn't match pod anti-affinity rules"])];
    },
    'a Pod of another scheduler is left alone': async (world) => {
      await node(world, 'a');
      const made = await world.client.create(mine(world, 'p', { schedulerName: 'other' }));
      await world.rest();
      return [
        (await mustGet(world, made)).spec?.nodeName ?? 'nowhere',
        condition(await mustGet(world, made)) ?? 'nothing',
      ];
    },
    'a DaemonSet makes one Pod for each node that matches': async (world) => {
      await node(world, 'a');
      await node(world, 'b');
      const set = await daemons(world, 2);
      const { status } = await mustGet(world, set);
      return [await targets(world), status?.desiredNumberScheduled, status?.currentNumberScheduled];
    },
    'a Pod of a DaemonSet': async (world) => {
      await node(world, 'a');
      await daemons(world, 1);
      const [only] = await podsOf(world);
      const { labels = {}, generateName, ownerReferences } = only?.metadata ?? {};
      return [Object.keys(labels).sort(), generateName, ownerReferences, only?.spec?.affinity, only?.spec?.tolerations];
    },
    'a DaemonSet without nodes': async (world) => {
      const set = await daemons(world, 0);
      return (await mustGet(world, set)).status;
    },
    'a DaemonSet follows a node that comes': async (world) => {
      await node(world, 'a');
      await daemons(world, 1);
      await node(world, 'b');
      await world.settle('the second', async () => (await podsOf(world)).length === 2);
      return targets(world);
    },
    'a DaemonSet follows a label that goes': async (world) => {
      const made = await node(world, 'a');
      await daemons(world, 1);
      await world.client.patch(refOf(made), { metadata: { labels: { [world.unique('world')]: null } } });
      const none = async (): Promise<boolean> =>
        (await podsOf(world)).every(({ metadata }) => metadata.deletionTimestamp !== undefined);
      await world.settle('none', none);
      return 'none left';
    },
    'a DaemonSet leaves out a node with a taint': async (world) => {
      await node(world, 'a', { taints: [{ key: 'weka.test/a', effect: 'NoSchedule' }] });
      await node(world, 'b');
      await daemons(world, 1);
      return targets(world);
    },
    'a DaemonSet takes a cordoned node': async (world) => {
      await node(world, 'a', { unschedulable: true });
      await daemons(world, 1);
      return targets(world);
    },
    'Pods of a DaemonSet are bound': async (world) => {
      await node(world, 'a');
      await daemons(world, 1);
      const bound = async (): Promise<boolean> =>
        (await podsOf(world)).every(({ spec }) => spec?.nodeName !== undefined);
      await world.settle('a place', bound);
      return (await podsOf(world)).map(({ spec }) => spec?.nodeName);
    },
    'a DaemonSet makes a deleted Pod again': async (world) => {
      await node(world, 'a');
      await daemons(world, 1);
      const [first] = await podsOf(world);
      const options = { uid: first?.metadata.uid ?? '', propagation: 'Background' as const, gracePeriodSeconds: 0 };
      await world.client.delete(refOf(first as LiveObject), options);
      const another = async (): Promise<boolean> => {
        const now = await podsOf(world);
        return now.length === 1 && now[0]?.metadata.uid !== first?.metadata.uid;
      };
      await world.settle('another', another);
      return targets(world);
    },
    'deleting a DaemonSet deletes its Pods': async (world) => {
      await node(world, 'a');
      const set = await daemons(world, 1, { schedulerName: 'nobody' });
      await remove(world, set);
      await untilGone(world, set);
      await world.settle('no Pods', async () => (await podsOf(world)).length === 0);
      return 'gone';
    },
    'orphaning a DaemonSet keeps its Pods': async (world) => {
      await node(world, 'a');
      const set = await daemons(world, 1, { schedulerName: 'nobody' });
      await remove(world, set, 'Orphan');
      await untilGone(world, set);
      await world.rest();
      return (await listed(world, POD)).map(({ metadata }) => metadata.ownerReferences ?? 'nobody');
    },
    'a DaemonSet updated on delete keeps its Pods': async (world) => {
      await node(world, 'a');
      const set = await daemons(world, 1, {}, { updateStrategy: { type: 'OnDelete' } });
      const [first] = await podsOf(world);
      await world.client.patch(refOf(set), { spec: { template: { metadata: { labels: { new: '' } } } } });
      await world.rest();
      const [now] = await podsOf(world);
      return [first?.metadata.uid === now?.metadata.uid, now?.metadata.labels?.new ?? 'old'];
    },
    'a rolling DaemonSet replaces a Pod that is not ready': async (world) => {
      await node(world, 'a');
      const set = await daemons(world, 1, { schedulerName: 'nobody' });
      await world.client.patch(refOf(set), { spec: { template: { metadata: { labels: { new: '' } } } } });
      const fresh = async (): Promise<boolean> =>
        (await podsOf(world)).some(({ metadata }) => metadata.labels?.new === '');
      await world.settle('the new one', fresh);
      const { metadata, status } = await mustGet(world, set);
      return [(await podsOf(world)).length, metadata.generation, status?.observedGeneration];
    },
    'a DaemonSet takes over a Pod that its selector matches': async (world) => {
      await node(world, 'a');
      await world.client.create(pod(world, 'loose', { nodeName: world.unique('a') }, { labels: { app: 'set' } }));
      await world.client.create(daemonSet(world, 'set', { nodeSelector: here(world) }));
      const taken = async (): Promise<boolean> => (await podsOf(world)).length > 0;
      await world.settle('taken', taken);
      return (await listed(world, POD)).map(({ metadata }) => [
        metadata.name,
        metadata.ownerReferences?.[0]?.controller,
      ]);
    },
    'a NoExecute taint evicts whom it is not tolerated by': async (world) => {
      const made = await node(world, 'a');
      await placed(world, mine(world, 'p'));
      const stays = [{ key: 'weka.test/a', operator: 'Exists' }];
      await placed(world, mine(world, 'q', { tolerations: stays }));
      await world.client.patch(refOf(made), { spec: { taints: [{ key: 'weka.test/a', effect: 'NoExecute' }] } });
      const evicted = async (): Promise<boolean> =>
        (await mustGet(world, mine(world, 'p'))).metadata.deletionTimestamp !== undefined;
      await world.settle('eviction', evicted);
      return [(await mustGet(world, mine(world, 'q'))).metadata.deletionTimestamp ?? 'stays'];
    },
    'the Pods of a deleted node go': async (world) => {
      const made = await node(world, 'a');
      await daemons(world, 1);
      await remove(world, made);
      const none = async (): Promise<boolean> => (await podsOf(world)).length === 0;
      await world.settle('none', none);
      return 'none left';
    },
    'a new node': async (world) => {
      const made = { ...NODE, metadata: { name: world.unique('a') } };
      const { metadata, spec } = content(await world.client.create(made)) as JsonObject;
      return [metadata, spec];
    },
  },
  { about: 'placement', pods: true },
);
