import type { JsonObject } from '../../lib/base/json';
import type { LiveObject } from '../../lib/base/kube-object';
import { LABEL } from '../../lib/base/names';
import type { PodBehaviour } from '../../sim/nodes/behaviour';
import { aCluster, aDaemonSet, aPod, inDefault, names, phase, POD } from './embedded';

const DAEMON_SET = { apiVersion: 'apps/v1', kind: 'DaemonSet' };
const NODE = { apiVersion: 'v1', kind: 'Node' };
const withNodes = (count: number, behaviour?: PodBehaviour) => {
  const cluster = aCluster(behaviour === undefined ? {} : { behaviour });
  for (let n = 0; n < count; n++) cluster.nodes.add({ name: `n${n}`, labels: { half: n % 2 === 0 ? 'even' : 'odd' } });
  return cluster;
};
const nodeOf = (pod: LiveObject | undefined): unknown => pod?.spec?.['nodeName'];
const main = (more: JsonObject): JsonObject => ({ containers: [{ name: 'main', image: 'i:1', ...more }] });

describe('the scheduler', () => {
  const affinity = (key: string, values: string[]): JsonObject => ({
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key, operator: 'In', values }] }],
      },
    },
  });
  const antiAffinity = {
    podAntiAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'x' } } },
      ],
    },
  };

  test.each([
    ['nothing wanted', {}, 'n0', undefined],
    ['nodeSelector', { nodeSelector: { half: 'odd' } }, 'n1', undefined],
    ['required node affinity', { affinity: affinity('kubernetes.io/hostname', ['n2']) }, 'n2', undefined],
    [
      'a label nobody has',
      { nodeSelector: { half: 'third' } },
      undefined,
      "0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector.",
    ],
    [
      'more cpu than there is',
      main({ resources: { requests: { cpu: '17' } } }),
      undefined,
      '0/3 nodes are available: 3 Insufficient cpu.',
    ],
    [
      'hugepages that no node has',
      main({ resources: { requests: { 'hugepages-2Mi': '2Mi' }, limits: { 'hugepages-2Mi': '2Mi' } } }),
      undefined,
      '0/3 nodes are available: 3 Insufficient hugepages-2Mi.',
    ],
    [
      'an extended resource that no node has',
      main({ resources: { limits: { 'weka.io/drives': '1' } } }),
      undefined,
      '0/3 nodes are available: 3 Insufficient weka.io/drives.',
    ],
  ])('%s', async (_what, spec, node, message) => {
    const cluster = withNodes(3);
    await cluster.client().create(aPod('p', spec));
    await cluster.clock.run({ forMs: 5000 });
    const pod = cluster.get(inDefault(POD, 'p'));
    expect(nodeOf(pod)).toBe(node);
    const conditions = pod?.status?.['conditions'] as JsonObject[];
    expect(conditions.find((each) => each['type'] === 'PodScheduled')?.['message']).toBe(message);
  });

  test('anti-affinity by host name spreads, and the one too many waits for a node', async () => {
    const cluster = withNodes(2);
    for (const name of ['a', 'b', 'c'])
      await cluster.client().create(aPod(name, { affinity: antiAffinity }, { labels: { app: 'x' } }));
    await cluster.clock.run({ forMs: 5000 });
    const places = () => ['a', 'b', 'c'].map((name) => nodeOf(cluster.get(inDefault(POD, name))));
    expect(places()).toEqual(['n0', 'n1', undefined]);
    cluster.nodes.add({ name: 'n2' });
    await cluster.clock.run({ forMs: 5000 });
    expect(places()).toEqual(['n0', 'n1', 'n2']);
  });

  test('taints keep out whoever does not tolerate them', async () => {
    const cluster = aCluster();
    cluster.nodes.add({ name: 'tainted', taints: [{ key: 'storage', value: 'weka', effect: 'NoSchedule' }] });
    await cluster.client().create(aPod('no'));
    await cluster.client().create(aPod('yes', { tolerations: [{ key: 'storage', operator: 'Equal', value: 'weka' }] }));
    await cluster.clock.run({ forMs: 5000 });
    expect([nodeOf(cluster.get(inDefault(POD, 'no'))), nodeOf(cluster.get(inDefault(POD, 'yes')))]).toEqual([
      undefined,
      'tainted',
    ]);
  });
});

describe('Pods on nodes', () => {
  test('go through their phases: waiting, init containers, running and ready', async () => {
    const cluster = withNodes(1);
    const seen: string[] = [];
    cluster.server.core.store.subscribe(({ object }) => {
      const conditions = (object.status?.['conditions'] ?? []) as { type: string; status: string }[];
      const ready = conditions.find((each) => each.type === 'Ready')?.status;
      const text = `${String(phase(object))} ${ready}`;
      if (seen.at(-1) !== text) seen.push(text);
    }, POD);
    await cluster.client().create(aPod('p', { initContainers: [{ name: 'init', image: 'i:1' }] }));
    await cluster.clock.run({ forMs: 10_000 });
    expect(seen).toEqual(['Pending undefined', 'Pending False', 'Running True']);
    expect(cluster.get(inDefault(POD, 'p'))!.status).toMatchObject({
      podIP: '10.244.1.2',
      hostIP: '192.168.0.1',
      initContainerStatuses: [{ state: { terminated: { exitCode: 0, reason: 'Completed' } } }],
      containerStatuses: [{ name: 'main', ready: true, restartCount: 0 }],
    });
  });

  test('a builder ends by itself, with a termination message', async () => {
    const cluster = withNodes(1);
    await cluster
      .client()
      .create(aPod('b', { restartPolicy: 'Never' }, { labels: { [LABEL.mode]: 'drivers-builder' } }));
    await cluster.clock.run({ forMs: 300_000 });
    expect(cluster.get(inDefault(POD, 'b'))!.status).toMatchObject({
      phase: 'Succeeded',
      containerStatuses: [{ state: { terminated: { exitCode: 0, message: expect.stringContaining('built') } } }],
    });
  });

  test.each([
    ['Never', 'Failed', 0],
    ['OnFailure', 'Running', 4],
    ['Always', 'Running', 4],
  ])('a container that fails under restartPolicy %s', async (restartPolicy, expected, restarts) => {
    const cluster = withNodes(1, () => ({ runMs: 100, exit: { code: 3, message: 'no' } }));
    await cluster.client().create(aPod('p', { restartPolicy }));
    await cluster.clock.run({ forMs: 100_000 });
    const status = cluster.get(inDefault(POD, 'p'))!.status!;
    expect([
      phase(cluster.get(inDefault(POD, 'p'))),
      (status['containerStatuses'] as JsonObject[])[0]!['restartCount'],
    ]).toEqual([expected, restarts]);
  });

  test('a deleted Pod gets its time to stop, and then goes', async () => {
    const cluster = withNodes(1);
    await cluster.client().create(aPod('p'));
    await cluster.clock.run({ forMs: 5000 });
    const { uid } = cluster.get(inDefault(POD, 'p'))!.metadata;
    await cluster.client().delete(inDefault(POD, 'p'), { uid, propagation: 'Background' });
    expect(cluster.get(inDefault(POD, 'p'))!.metadata).toMatchObject({
      deletionGracePeriodSeconds: 30,
      deletionTimestamp: '2026-01-01T00:00:35Z',
    });
    await cluster.clock.run({ forMs: 2000 });
    expect(cluster.get(inDefault(POD, 'p'))).toBeUndefined();
  });

  test('nothing is written in hours without change', async () => {
    const cluster = withNodes(3);
    await cluster.client().apply(aDaemonSet('d'), { fieldManager: 'm', force: true });
    await cluster.clock.run({ forMs: 60_000 });
    cluster.log.clear();
    await cluster.clock.run({ forMs: 5 * 3_600_000 });
    expect(cluster.log.lines()).toEqual([]);
  });
});

describe('machines', () => {
  test('a reboot gives a new boot id, the kernel asked for, and restarts the Pods', async () => {
    const cluster = withNodes(1);
    await cluster.client().create(aPod('p'));
    await cluster.clock.run({ forMs: 5000 });
    const before = cluster.get({ ...NODE, name: 'n0' })!.status!['nodeInfo'] as JsonObject;
    cluster.nodes.reboot('n0', { kernel: '6.1.0-99-amd64' });
    await cluster.clock.run({ forMs: 60_000 });
    const after = cluster.get({ ...NODE, name: 'n0' })!.status!['nodeInfo'] as JsonObject;
    expect(after['kernelVersion']).toBe('6.1.0-99-amd64');
    expect(after['bootID']).not.toBe(before['bootID']);
    expect(cluster.get(inDefault(POD, 'p'))!.status).toMatchObject({
      phase: 'Running',
      containerStatuses: [{ restartCount: 1, ready: true }],
    });
  });

  test('a silent machine becomes unreachable, its Pods are evicted after five minutes, and end when it is back', async () => {
    const cluster = withNodes(1);
    await cluster.client().create(aPod('p'));
    await cluster.clock.run({ forMs: 5000 });
    cluster.nodes.stop('n0');
    await cluster.clock.run({ forMs: 60_000 });
    expect(cluster.get({ ...NODE, name: 'n0' })).toMatchObject({
      spec: { taints: [{ key: 'node.kubernetes.io/unreachable', effect: 'NoSchedule' }, { effect: 'NoExecute' }] },
      status: { conditions: [{ type: 'Ready', status: 'Unknown' }] },
    });
    expect(cluster.get(inDefault(POD, 'p'))!.metadata.deletionTimestamp).toBeUndefined();
    await cluster.clock.run({ forMs: 300_000 });
    expect(cluster.get(inDefault(POD, 'p'))!.metadata.deletionTimestamp).toBeDefined();
    cluster.nodes.start('n0');
    await cluster.clock.run({ forMs: 5000 });
    expect(cluster.get(inDefault(POD, 'p'))).toBeUndefined();
    expect(cluster.get({ ...NODE, name: 'n0' })!.spec!['taints']).toBeUndefined();
  });

  test('Pods of a machine that left are removed', async () => {
    const cluster = withNodes(1);
    await cluster.client().create(aPod('p'));
    await cluster.clock.run({ forMs: 5000 });
    cluster.nodes.remove('n0');
    await cluster.clock.run({ forMs: 60_000 });
    expect(cluster.get(inDefault(POD, 'p'))).toBeUndefined();
  });
});

describe('the DaemonSet controller', () => {
  const apply = async (cluster: ReturnType<typeof aCluster>, ...args: Parameters<typeof aDaemonSet>) => {
    await cluster.client().apply(aDaemonSet(...args), { fieldManager: 'm', force: true });
    await cluster.clock.run({ forMs: 10_000 });
  };
  const places = (cluster: ReturnType<typeof aCluster>) => cluster.list(POD).map(nodeOf).sort();

  test('runs one Pod on each matching node, also on one that joins or is labelled later', async () => {
    const cluster = withNodes(4);
    await apply(cluster, 'd', { nodeSelector: { half: 'even' } });
    expect(places(cluster)).toEqual(['n0', 'n2']);
    cluster.nodes.add({ name: 'n9', labels: { half: 'even' } });
    await cluster.client().patch({ ...NODE, name: 'n2' }, { metadata: { labels: { half: null } } });
    await cluster.clock.run({ forMs: 10_000 });
    expect(places(cluster)).toEqual(['n0', 'n9']);
    expect(cluster.get(inDefault(DAEMON_SET, 'd'))!.status).toMatchObject({
      desiredNumberScheduled: 2,
      numberReady: 2,
      numberAvailable: 2,
    });
  });

  test('cordoned nodes keep their daemons, tainted ones don’t get any', async () => {
    const cluster = withNodes(1);
    cluster.nodes.add({ name: 'tainted', taints: [{ key: 'a', effect: 'NoSchedule' }] });
    await apply(cluster, 'd');
    await cluster.client().patch({ ...NODE, name: 'n0' }, { spec: { unschedulable: true } });
    await cluster.clock.run({ forMs: 10_000 });
    expect(places(cluster)).toEqual(['n0']);
  });

  test('OnDelete replaces a Pod only when it is deleted', async () => {
    const cluster = withNodes(2);
    const strategy = { updateStrategy: { type: 'OnDelete' } };
    await apply(cluster, 'd', {}, strategy);
    const before = names(cluster.list(POD));
    await apply(cluster, 'd', { priorityClassName: 'system-node-critical' }, strategy);
    expect(names(cluster.list(POD))).toEqual(before);
    expect(cluster.get(inDefault(DAEMON_SET, 'd'))!.status).not.toHaveProperty('updatedNumberScheduled');
    const [first] = cluster.list(POD);
    await cluster
      .client()
      .delete(inDefault(POD, first!.metadata.name), { uid: first!.metadata.uid, propagation: 'Background' });
    await cluster.clock.run({ forMs: 10_000 });
    expect(cluster.get(inDefault(DAEMON_SET, 'd'))!.status).toMatchObject({
      updatedNumberScheduled: 1,
      numberReady: 2,
    });
  });

  test('RollingUpdate replaces one after another', async () => {
    const cluster = withNodes(3);
    await apply(cluster, 'd');
    let fewest = 3;
    cluster.server.core.store.subscribe(({ object }) => {
      fewest = Math.min(fewest, Number(object.status?.['numberReady'] ?? 3));
    }, DAEMON_SET);
    await apply(cluster, 'd', { priorityClassName: 'system-node-critical' });
    await cluster.clock.run({ forMs: 20_000 });
    expect(cluster.get(inDefault(DAEMON_SET, 'd'))!.status).toMatchObject({
      updatedNumberScheduled: 3,
      numberReady: 3,
    });
    expect(fewest).toBe(2);
  });

  test('makes a failed Pod again, and takes its Pods along when it is deleted', async () => {
    const cluster = withNodes(1);
    await apply(cluster, 'd');
    const [pod] = cluster.list(POD);
    await cluster
      .client()
      .patch(inDefault(POD, pod!.metadata.name), { status: { phase: 'Failed' } }, { subresource: 'status' });
    await cluster.clock.run({ forMs: 10_000 });
    const [again] = cluster.list(POD);
    expect([again!.metadata.uid === pod!.metadata.uid, phase(again)]).toEqual([false, 'Running']);
    const { uid } = cluster.get(inDefault(DAEMON_SET, 'd'))!.metadata;
    await cluster.client().delete(inDefault(DAEMON_SET, 'd'), { uid, propagation: 'Background' });
    await cluster.clock.run({ forMs: 10_000 });
    expect(cluster.list(POD)).toEqual([]);
  });
});

describe('determinism', () => {
  const history = async (seed: number): Promise<string> => {
    const cluster = aCluster({ seed });
    for (let n = 0; n < 4; n++) cluster.nodes.add({ name: `n${n}` });
    const client = cluster.client();
    await client.apply(aDaemonSet('d'), { fieldManager: 'm', force: true });
    await client.create(aPod('b', { restartPolicy: 'Never' }, { labels: { [LABEL.mode]: 'drivers-builder' } }));
    cluster.clock.after(5000, () => cluster.nodes.reboot('n1'));
    await cluster.clock.run({ forMs: 600_000 });
    return [...cluster.log.lines(), JSON.stringify(cluster.list(POD))].join('\n');
  };

  test('the same seed gives the same history to the letter, another seed another one', async () => {
    const first = await history(7);
    expect(await history(7)).toBe(first);
    expect(await history(8)).not.toBe(first);
  });
});
