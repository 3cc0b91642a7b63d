import { setTimeout as wait } from 'node:timers/promises';
import { ApiError } from '../../controllers/kube/api-error';
import type { ClusterClient } from '../../controllers/kube/cluster-client';
import { connect } from '../../controllers/kube/connect';
import type { RestClient } from '../../controllers/kube/rest-client';
import { systemClock } from '../../controllers/runtime/clock';
import { silentLogger } from '../../controllers/runtime/log';
import { createManager } from '../../controllers/runtime/manager';
import { noMetrics } from '../../controllers/runtime/metrics';
import { systemRandom } from '../../controllers/runtime/random';
import type { LiveObject } from '../../lib/base/kube-object';
import { TOY, toyReconciler } from '../runtime/toy';
import { fillLevel, limitRequests, unlimitRequests } from './full-level';
import {
  auditEvents,
  auditMark,
  describeCluster,
  eventually,
  kubectl,
  kubectlObjects,
  newKubeconfig,
  newNamespace,
} from './harness';

jest.setTimeout(180_000);

const LEVEL = 'weka-operator-fairness';
const OPERATOR = 'operator-under-fairness';
const NEIGHBOUR = 'neighbour-under-fairness';
const GROUP = 'toys.example.com';
const CRD = `toys.${GROUP}`;
const PARTS = ['a', 'b', 'c', 'd', 'e', 'f'];

const preserve = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
const conditions = {
  type: 'array',
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': ['type'],
  items: { ...preserve, required: ['type'], properties: { type: { type: 'string' } } },
};
const crd = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: CRD },
  spec: {
    group: GROUP,
    scope: 'Namespaced',
    names: { kind: 'Toy', plural: 'toys', singular: 'toy', listKind: 'ToyList' },
    versions: [
      {
        ...{ name: 'v1', served: true, storage: true, subresources: { status: {} } },
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: { spec: preserve, status: { ...preserve, properties: { conditions } } },
          },
        },
      },
    ],
  },
};

const rule = (apiGroups: string[], resources: string[], verbs: string[]) => ({ apiGroups, resources, verbs });
const role = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name: LEVEL },
  rules: [
    rule([GROUP], ['toys', 'toys/status'], ['*']),
    rule([''], ['configmaps', 'events'], ['*']),
    rule([''], ['nodes'], ['get', 'list', 'watch']),
  ],
};
const binding = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRoleBinding',
  metadata: { name: LEVEL },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: LEVEL },
  subjects: [OPERATOR, NEIGHBOUR].map((name) => ({ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name })),
};

/** A call that was refused, and when the same call came next. */
interface Refusal {
  readonly call: string;
  readonly at: number;
  /** What the server asked for. */
  readonly patienceMs: number;
  next: number | undefined;
}

/** The client, with its refusals by a busy server written down. */
const observed = (client: ClusterClient, refusals: Refusal[]): ClusterClient =>
  new Proxy(client, {
    get: (target, verb: keyof ClusterClient) => {
      const method: unknown = Reflect.get(target, verb);
      if (typeof method !== 'function') return method;
      return async (...args: unknown[]) => {
        const call = `${verb} ${nameOf(args[0])}`;
        for (const refusal of refusals) if (refusal.call === call) refusal.next ??= Date.now();
        try {
          return await (method as (...all: unknown[]) => Promise<unknown>).apply(target, args);
        } catch (thrown) {
          if (thrown instanceof ApiError && thrown.code === 'ApiBusy') {
            const patienceMs = (thrown.failure.retryAfterSeconds ?? 0) * 1000;
            refusals.push({ call, at: Date.now(), patienceMs, next: undefined });
          }
          throw thrown;
        }
      };
    },
  });

const nameOf = (subject: unknown): string => {
  const { kind, name, metadata } = subject as { kind: string; name?: string; metadata?: { name: string } };
  return `${kind}/${name ?? metadata?.name ?? ''}`;
};

describeCluster('an API server that has no seat left for us (priority and fairness)', () => {
  let client: RestClient;
  let namespace: string;
  const refusals: Refusal[] = [];
  const stop = new AbortController();
  let running: Promise<void> = Promise.resolve();

  beforeAll(async () => {
    await kubectl(['apply', '--server-side', '-f', '-'], {
      stdin: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [crd, role, binding] }),
    });
    await kubectl(['wait', '--for=condition=Established', '--timeout=60s', `crd/${CRD}`]);
    namespace = await newNamespace('fairness');
    await limitRequests(LEVEL, [OPERATOR, NEIGHBOUR]);
    client = await connect({ kubeconfig: await newKubeconfig({ user: OPERATOR }) });
  });

  afterAll(async () => {
    stop.abort(new Error('the suite is over'));
    await running;
    client.close();
    await unlimitRequests(LEVEL);
    await kubectl(['delete', 'toys', '--all', '-n', namespace, '--ignore-not-found', '--wait=false']);
    await kubectl(
      ['patch', 'toys', 'late', '-n', namespace, '--type=merge', '-p', '{"metadata":{"finalizers":null}}'],
      {
        mayFail: true,
      },
    );
    await kubectl([
      'delete',
      `crd/${CRD}`,
      `clusterrole/${LEVEL}`,
      `clusterrolebinding/${LEVEL}`,
      '--ignore-not-found',
    ]);
  });

  const read = () => client.get({ apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'any' });
  const refused = (): Promise<boolean> =>
    read().then(
      () => false,
      (thrown: unknown) => thrown instanceof ApiError && thrown.code === 'ApiBusy',
    );
  /** Until requests of ours are refused one after another: then no seat is left. */
  const filled = async (): Promise<() => Promise<void>> => {
    const lift = fillLevel(NEIGHBOUR, namespace);
    await eventually('the level is full', async () => {
      await wait(300);
      return (await refused()) && (await refused());
    });
    return lift;
  };
  const toys = (): Promise<LiveObject[]> => kubectlObjects(['get', 'toys', '-n', namespace]);
  const parts = async (): Promise<string[]> =>
    (await kubectlObjects(['get', 'configmaps', '-n', namespace, '-l', 'app=toy'])).map(
      ({ metadata }) => metadata.name,
    );

  test('answers 429 and says when to come again; with a seat free it answers as ever', async () => {
    const lift = await filled();
    const error = await read().catch((thrown: unknown) => thrown);
    await lift();
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ code: 'ApiBusy', retry: true, failure: { status: 429 } });
    expect((error as ApiError).failure.retryAfterSeconds).toBeGreaterThanOrEqual(1);
    await eventually('an answer', async () => (await read()) === undefined);
  });

  test('a level without a seat still answers whoever comes alone: an idle one never refuses', async () => {
    await limitRequests(LEVEL, [OPERATOR, NEIGHBOUR], 0);
    const answers = [await refused(), await refused(), await refused()];
    const lift = await filled();
    await lift();
    await limitRequests(LEVEL, [OPERATOR, NEIGHBOUR]);
    expect(answers).toEqual([false, false, false]);
  });

  test('the manager waits as it is told, misses nothing, does nothing twice, and goes on when there are seats', async () => {
    const manager = createManager({
      client: observed(client, refusals),
      ...{ clock: systemClock, random: systemRandom, logger: silentLogger, metrics: noMetrics },
      ...{ reconcilers: [toyReconciler], namespaces: [namespace], operatorNamespace: namespace, identity: 'test' },
      leaderElection: false,
    });
    running = manager.start(stop.signal);
    await eventually('the manager is ready', () => Promise.resolve(manager.readiness().ready));
    const mark = auditMark();
    const lift = await filled();
    refusals.length = 0;
    await kubectl(['create', '-f', '-'], {
      stdin: JSON.stringify({ ...TOY, metadata: { name: 'late', namespace }, spec: { parts: PARTS.slice(0, 3) } }),
    });
    const asked = (): boolean => refusals.filter(({ next }) => next !== undefined).length >= 3;
    await eventually('it asks again and again', () => Promise.resolve(asked()), 60_000);
    // Changed while nobody is heard: only the last wish counts.
    await kubectl([
      'patch',
      'toy',
      'late',
      '-n',
      namespace,
      '--type=merge',
      '-p',
      JSON.stringify({ spec: { parts: PARTS } }),
    ]);
    expect((await toys())[0]?.metadata.finalizers).toBeUndefined();
    expect(await parts()).toEqual([]);
    await lift();

    await eventually('all parts', async () => (await parts()).length === PARTS.length, 90_000);
    await eventually('the status', async () => (await toys())[0]?.status?.['parts'] === PARTS.length, 90_000);
    expect((await parts()).sort()).toEqual(PARTS.map((part) => `late-${part}`));
    for (const { at, next, patienceMs } of refusals) {
      expect(patienceMs).toBeGreaterThanOrEqual(1000);
      // Timers and the wall clock round each in their own way.
      if (next !== undefined) expect(next - at).toBeGreaterThanOrEqual(patienceMs - 5);
    }
    const done = auditEvents({ since: mark, user: OPERATOR });
    const made = done.filter(
      ({ verb, resource, status }) => verb === 'patch' && resource === 'configmaps' && status < 300,
    );
    expect(made.map(({ name }) => name).sort()).toEqual(PARTS.map((part) => `late-${part}`));
    expect(done.filter(({ status }) => status === 429).length).toBeGreaterThan(0);
  });
});
