import type { JsonObject } from '../../../lib/base/json';
import type { KubeObject } from '../../../lib/base/kube-object';
import { refOf } from '../../../lib/base/kube-object';
import type { World } from '../backend';
import type { Behaviour } from '../behaviour';
import { behaviours } from '../behaviour';
import { content, outcome, refusal } from '../normalise';
import {
  apply,
  configMap,
  container,
  daemonSet,
  LEASE,
  mustGet,
  NAMESPACE,
  object,
  pod,
  SECRET,
  service,
} from '../objects';

const CLAIM = { apiVersion: 'v1', kind: 'PersistentVolumeClaim' };
const RBAC = 'rbac.authorization.k8s.io/v1';
const APPS = 'apps/v1';
const template = (app: string): JsonObject => ({
  metadata: { labels: { app } },
  spec: { containers: [{ name: 'main', image: 'registry.test/app:1' }], nodeSelector: { no: 'where' } },
});

type Made = (world: World) => KubeObject;
const claim: Made = (world) =>
  object(world, CLAIM, 'a', { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } });
const deployment: Made = (world) =>
  object(world, { apiVersion: APPS, kind: 'Deployment' }, 'a', {
    spec: { replicas: 0, selector: { matchLabels: { app: 'a' } }, template: template('a') },
  });
const job: Made = (world) =>
  object(world, { apiVersion: 'batch/v1', kind: 'Job' }, 'a', {
    spec: {
      suspend: true,
      template: {
        spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'registry.test/app:1' }] },
      },
    },
  });
const binding: Made = (world) =>
  object(world, { apiVersion: RBAC, kind: 'RoleBinding' }, 'a', {
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'a' },
    subjects: [{ kind: 'ServiceAccount', name: 'default', namespace: world.namespace }],
  });
const aSet: Made = (world) => daemonSet(world, 'a', { nodeSelector: { no: 'where' } });
const aPod: Made = (world) => pod(world, 'a', { nodeSelector: { no: 'where' } });
const aService: Made = (world) => service(world, 'a');
const lease: Made = (world) =>
  object(world, LEASE, 'a', { spec: { holderIdentity: 'a', leaseDurationSeconds: 15, leaseTransitions: 0 } });

/** Makes it, patches it, and tells the refusal, or the spec when there was none. */
const patched = (made: Made, patch: JsonObject) => async (world: World) => {
  const first = await world.client.create(made(world));
  return outcome(world.client.patch(refOf(first), patch).then(({ spec }) => spec ?? 'changed'));
};

const immutable = behaviours(
  {
    'data of an immutable ConfigMap': patched((world) => ({ ...configMap(world, 'a', { a: '1' }), immutable: true }), {
      data: { a: '2' },
    }),
    'making an immutable ConfigMap mutable': patched(
      (world) => ({ ...configMap(world, 'a', { a: '1' }), immutable: true }),
      { immutable: false },
    ),
    'a label of an immutable ConfigMap': patched((world) => ({ ...configMap(world, 'a'), immutable: true }), {
      metadata: { labels: { a: 'b' } },
    }),
    'data of an immutable Secret': patched(
      (world) => object(world, SECRET, 'a', { immutable: true, data: { a: 'Yg==' } }),
      { data: { a: 'Yw==' } },
    ),
    'the type of a Secret': patched((world) => object(world, SECRET, 'a', {}), { type: 'weka.test/x' }),
    'the address of a Service': patched(aService, { spec: { clusterIP: '10.96.200.1', clusterIPs: ['10.96.200.1'] } }),
    'a Service made headless': patched(aService, { spec: { clusterIP: 'None', clusterIPs: ['None'] } }),
    'the type of a Service': patched(aService, { spec: { type: 'NodePort' } }),
    'ports of a Service': patched(aService, { spec: { ports: [{ port: 81, protocol: 'TCP' }] } }),
    'the selector of a DaemonSet': patched(aSet, { spec: { selector: { matchLabels: { app: 'b' } } } }),
    'the selector of a DaemonSet with its labels': patched(aSet, {
      spec: { selector: { matchLabels: { app: 'b' } }, template: { metadata: { labels: { app: 'b' } } } },
    }),
    'labels of a DaemonSet template that its selector misses': patched(aSet, {
      spec: { template: { metadata: { labels: { app: 'b' } } } },
    }),
    'the selector of a Deployment with its labels': patched(deployment, {
      spec: { selector: { matchLabels: { app: 'b' } }, template: { metadata: { labels: { app: 'b' } } } },
    }),
    'the role of a binding': patched(binding, { roleRef: { name: 'b' } }),
    'the access modes of a claim': patched(claim, { spec: { accessModes: ['ReadWriteMany'] } }),
    'the template of a Job': patched(job, { spec: { template: { metadata: { labels: { a: 'b' } } } } }),
    'the completions of a Job': patched(job, { spec: { completions: 2 } }),
    'the mode of a container': patched((world) => container(world, 'a'), { spec: { mode: 'compute' } }),
    'the image of a Pod can change': patched(aPod, {
      spec: { containers: [{ name: 'main', image: 'registry.test/app:2' }] },
    }),
    'the node selector of a Pod': patched(aPod, { spec: { nodeSelector: { other: 'where' } } }),
    'the host network of a Pod': patched(aPod, { spec: { hostNetwork: true } }),
    'the service account of a Pod': patched(aPod, { spec: { serviceAccountName: 'other' } }),
    'the node of a Pod': patched(aPod, { spec: { nodeName: 'other' } }),
    'a label of a Pod can change': patched(aPod, { metadata: { labels: { a: 'b' } } }),
    'the holder of a Lease can change': patched(lease, { spec: { holderIdentity: 'b', leaseTransitions: 1 } }),
  },
  { about: 'immutable', pods: true },
);

/** What is stored after creating. */
const created = (made: Made) => async (world: World) => content(await world.client.create(made(world)));

const defaults = behaviours(
  {
    'a ConfigMap': created((world) => configMap(world, 'a')),
    'a Secret': created((world) => object(world, SECRET, 'a', { stringData: { a: 'b' } })),
    'a Service': created(aService),
    'a Service without a selector': created((world) =>
      object(world, { apiVersion: 'v1', kind: 'Service' }, 'a', { spec: { ports: [{ port: 1 }] } }),
    ),
    'a headless Service': created((world) => service(world, 'a', { clusterIP: 'None' })),
    'a Service of node ports': created((world) =>
      service(world, 'a', {
        type: 'NodePort',
        ports: [
          { name: 'a', port: 1 },
          { name: 'b', port: 2, targetPort: 'web' },
        ],
      }),
    ),
    'a Service of a load balancer': created((world) => service(world, 'a', { type: 'LoadBalancer' })),
    'a Service of a name elsewhere': created((world) =>
      service(world, 'a', { type: 'ExternalName', externalName: 'a.test', ports: [] }),
    ),
    'a Service with sessions': created((world) => service(world, 'a', { sessionAffinity: 'ClientIP' })),
    'a Pod': created((world) => pod(world, 'a', { nodeSelector: { no: 'where' } })),
    'a Pod on the host network': created((world) =>
      pod(world, 'a', {
        hostNetwork: true,
        nodeSelector: { no: 'where' },
        containers: [{ name: 'main', image: 'a', ports: [{ containerPort: 80 }] }],
      }),
    ),
    'a Pod with everything that has defaults': created((world) =>
      pod(world, 'a', {
        nodeSelector: { no: 'where' },
        restartPolicy: 'Never',
        initContainers: [{ name: 'first', image: 'a:latest', restartPolicy: 'Always' }],
        containers: [
          {
            name: 'main',
            image: 'registry.test/a@sha256:0000000000000000000000000000000000000000000000000000000000000000',
            env: [
              { name: 'A', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
              { name: 'B', value: '' },
            ],
            ports: [{ containerPort: 80 }],
            readinessProbe: { httpGet: { port: 80 } },
            livenessProbe: { tcpSocket: { port: 80 }, periodSeconds: 5 },
            startupProbe: { exec: { command: ['true'] } },
            lifecycle: { preStop: { httpGet: { port: 80 } } },
            resources: { limits: { cpu: '1', memory: '1Gi' } },
            securityContext: { privileged: true },
          },
        ],
        volumes: [
          { name: 'a', hostPath: { path: '/a' } },
          { name: 'b', configMap: { name: 'b' } },
          { name: 'c', secret: { secretName: 'c' } },
          { name: 'd', emptyDir: {} },
          { name: 'e', downwardAPI: { items: [{ path: 'a', fieldRef: { fieldPath: 'metadata.name' } }] } },
          { name: 'f', projected: { sources: [{ configMap: { name: 'f' } }, { serviceAccountToken: { path: 't' } }] } },
        ],
      }),
    ),
    'a Pod without a token': created((world) =>
      pod(world, 'a', { nodeSelector: { no: 'where' }, automountServiceAccountToken: false }),
    ),
    'a Pod of a critical priority': created((world) =>
      pod(world, 'a', { nodeSelector: { no: 'where' }, priorityClassName: 'system-node-critical' }),
    ),
    'a Pod of a priority that is not there': (world) =>
      refusal(world.client.create(pod(world, 'a', { priorityClassName: 'nothing' }))),
    'a Pod of a service account that is not there': (world) =>
      refusal(world.client.create(pod(world, 'a', { serviceAccountName: 'nobody' }))),
    'a Pod with equal requests and limits': async (world) => {
      const resources = { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '1000m', memory: '1Gi' } };
      const made = await world.client.create(
        pod(world, 'a', { nodeSelector: { no: 'where' }, containers: [{ name: 'main', image: 'a', resources }] }),
      );
      return [made.status, (made.spec?.containers as JsonObject[])[0]?.resources];
    },
    'a Pod with huge pages': async (world) => {
      const resources = { limits: { 'hugepages-2Mi': '64Mi', memory: '1Gi' }, requests: { cpu: '0.5' } };
      const made = await world.client.create(
        pod(world, 'a', { nodeSelector: { no: 'where' }, containers: [{ name: 'main', image: 'a', resources }] }),
      );
      return [made.status, (made.spec?.containers as JsonObject[])[0]?.resources];
    },
    'a Pod with tolerations of its own': async (world) => {
      const tolerations = [{ key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute' }];
      const made = await world.client.create(pod(world, 'a', { nodeSelector: { no: 'where' }, tolerations }));
      return made.spec?.tolerations;
    },
    'a Pod that tolerates everything': async (world) => {
      const tolerations = [{ operator: 'Exists' }];
      const made = await world.client.create(pod(world, 'a', { nodeSelector: { no: 'where' }, tolerations }));
      return made.spec?.tolerations;
    },
    'a Pod with quantities in other spellings': async (world) => {
      const resources = { limits: { cpu: 2, memory: '1024Mi', 'weka.test/x': '1' } };
      const made = await world.client.create(
        pod(world, 'a', {
          nodeSelector: { no: 'where' },
          containers: [{ name: 'main', image: 'a', resources: resources as unknown as JsonObject }],
        }),
      );
      return (made.spec?.containers as JsonObject[])[0]?.resources;
    },
    'a DaemonSet': async (world) => {
      const { metadata, spec } = await world.client.create(aSet(world));
      return [metadata.annotations, metadata.generation, spec];
    },
    'a DaemonSet that is updated on delete': async (world) =>
      (
        await world.client.create(
          daemonSet(world, 'a', { nodeSelector: { no: 'where' } }, { updateStrategy: { type: 'OnDelete' } }),
        )
      ).spec?.updateStrategy,
    'a DaemonSet with a surge': async (world) =>
      (
        await world.client.create(
          daemonSet(
            world,
            'a',
            { nodeSelector: { no: 'where' } },
            { updateStrategy: { rollingUpdate: { maxUnavailable: '10%' } } },
          ),
        )
      ).spec?.updateStrategy,
    'a Deployment': created(deployment),
    'a claim': async (world) => (await world.client.create(claim(world))).spec,
    'a binding': created(binding),
    'a Lease': created(lease),
    'a Role': created((world) =>
      object(world, { apiVersion: RBAC, kind: 'Role' }, 'a', {
        rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }],
      }),
    ),
    'a ServiceAccount': created((world) => object(world, { apiVersion: 'v1', kind: 'ServiceAccount' }, 'a', {})),
    'a Namespace': async (world) =>
      content(await world.client.create({ ...NAMESPACE, metadata: { name: world.unique('n') } })),
    'a disruption budget': created((world) =>
      object(world, { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget' }, 'a', {
        spec: { maxUnavailable: 1, selector: { matchLabels: { a: 'b' } } },
      }),
    ),
    'a network policy': created((world) =>
      object(world, { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy' }, 'a', {
        spec: { podSelector: {}, ingress: [{ ports: [{ port: 80 }] }] },
      }),
    ),
    'a priority class': async (world) =>
      content(
        await world.client.create({
          apiVersion: 'scheduling.k8s.io/v1',
          kind: 'PriorityClass',
          metadata: { name: world.unique('p') },
          value: 7,
        }),
      ),
    'a storage class': async (world) =>
      content(
        await world.client.create({
          apiVersion: 'storage.k8s.io/v1',
          kind: 'StorageClass',
          metadata: { name: world.unique('s') },
          provisioner: 'weka.test/x',
        }),
      ),
    'a template counts its generations': async (world) => {
      await world.client.create(aSet(world));
      const next = daemonSet(world, 'a', { nodeSelector: { no: 'where' }, hostPID: true });
      await world.client.patch(refOf(next), { spec: { template: { spec: { hostPID: true } } } });
      const { metadata } = await mustGet(world, next);
      return [metadata.annotations, metadata.generation];
    },
    'keeping its address when applied again': async (world) => {
      const first = await apply(world, aService(world));
      const again = await apply(world, service(world, 'a', { ports: [{ port: 81 }] }));
      return [first.spec?.clusterIP === again.spec?.clusterIP, again.spec];
    },
    'node ports are given up with the type': async (world) => {
      await apply(world, service(world, 'a', { type: 'NodePort' }));
      return (await apply(world, service(world, 'a'))).spec;
    },
  },
  { about: 'defaults', pods: true },
);

const trying = (made: Made) => (world: World) => refusal(world.client.create(made(world), { dryRun: true }));
const long = (length: number): string => 'n'.repeat(length);

const lengths: Behaviour[] = (
  [
    ['ConfigMap', 253, (world, name) => configMap(world, name)],
    ['Secret', 253, (world, name) => object(world, SECRET, name, {})],
    ['Service', 63, (world, name) => service(world, name, { selector: { app: 'a' } })],
    ['Pod', 253, (world, name) => pod(world, name, { nodeSelector: { no: 'where' } })],
    ['Lease', 253, (world, name) => object(world, LEASE, name, { spec: {} })],
    ['WekaContainer', 253, (world, name) => container(world, name)],
    ['Namespace', 63, (_world, name) => ({ ...NAMESPACE, metadata: { name } })],
    ['DaemonSet', 253, (world, name) => ({ ...aSet(world), metadata: { name, namespace: world.namespace } })],
    ['Role', 253, (world, name) => object(world, { apiVersion: RBAC, kind: 'Role' }, name, { rules: [] })],
    ['Node', 253, (_world, name) => ({ apiVersion: 'v1', kind: 'Node', metadata: { name } })],
  ] as [string, number, (world: World, name: string) => KubeObject][]
).flatMap(([kind, limit, made]) => [
  {
    says: `names: a ${kind} of ${limit} and one of ${limit + 1} characters`,
    pods: true,
    play: async (world: World) => [
      await trying((at) => made(at, long(limit)))(world),
      await trying((at) => made(at, long(limit + 1)))(world),
    ],
  },
  {
    says: `names: a ${kind} in capitals, with a dot, a slash, a dash at its end, and a digit at its start`,
    pods: true,
    play: async (world: World) => {
      const said: unknown[] = [];
      for (const name of ['Abc', 'a.b', 'a/b', 'a-', '1a']) said.push(await trying((at) => made(at, name))(world));
      return said;
    },
  },
]);

const labelled = (labels: JsonObject, made: typeof configMap | typeof container = configMap) =>
  trying((world) => made(world, 'a', {}, { labels }));

const nameRules = behaviours(
  {
    'a label value of 63 characters': labelled({ a: long(63) }),
    'a label value of 64 characters': labelled({ a: long(64) }),
    'a label value of 64 characters on a custom object': labelled({ a: long(64) }, container),
    'a label value with a space': labelled({ a: 'b c' }),
    'a label value that ends in a dash': labelled({ a: 'b-' }),
    'a label key of 64 characters': labelled({ [long(64)]: 'a' }),
    'a label key of a prefix and 63 characters': labelled({ [`weka.test/${long(63)}`]: 'a' }),
    'a label key with a prefix of 254 characters': labelled({ [`${long(254)}/a`]: 'a' }),
    'a label key with a space': labelled({ 'a b': 'c' }),
    'a label key with two slashes': labelled({ 'a/b/c': 'd' }),
    'a label key with nothing behind its prefix': labelled({ 'weka.test/': 'd' }),
    'a label key with a prefix in capitals': labelled({ 'Weka.test/a': 'd' }),
    'an empty label key': labelled({ '': 'a' }),
    'an annotation key with a space': trying((world) => configMap(world, 'a', {}, { annotations: { 'a b': 'c' } })),
    'annotations of more than 256 KiB': trying((world) =>
      configMap(world, 'a', {}, { annotations: { a: long(262_145) } }),
    ),
    'a key of a ConfigMap with a slash': trying((world) => configMap(world, 'a', { 'a/b': '' })),
    'a key of a ConfigMap of 254 characters': trying((world) => configMap(world, 'a', { [long(254)]: '' })),
    'a ConfigMap of more than 1 MiB': trying((world) => configMap(world, 'a', { a: long(1_048_577) })),
    'a generateName that is too long is told': async (world) => {
      const made = configMap(world, '', {}, { name: undefined, generateName: long(300) });
      return ((await refusal(world.client.create(made, { dryRun: true }))) as JsonObject).causes;
    },
    'a container name in capitals': trying((world) => pod(world, 'a', { containers: [{ name: 'Main', image: 'a' }] })),
    'a container name of 64 characters': trying((world) =>
      pod(world, 'a', { containers: [{ name: long(64), image: 'a' }] }),
    ),
    'two containers of one name': trying((world) =>
      pod(world, 'a', {
        containers: [
          { name: 'a', image: 'a' },
          { name: 'a', image: 'a' },
        ],
      }),
    ),
    'a Pod without containers': trying((world) => pod(world, 'a', { containers: [] })),
    'a container without an image': trying((world) => pod(world, 'a', { containers: [{ name: 'a' }] })),
    'a container without a name': trying((world) => pod(world, 'a', { containers: [{ image: 'a' }] })),
    'a mount of no volume': trying((world) =>
      pod(world, 'a', { containers: [{ name: 'a', image: 'a', volumeMounts: [{ name: 'v', mountPath: '/v' }] }] }),
    ),
    'a Service without ports': trying((world) => service(world, 'a', { ports: [] })),
    'a Service with two ports without names': trying((world) =>
      service(world, 'a', { ports: [{ port: 1 }, { port: 2 }] }),
    ),
    'a Service with a port that is too large': trying((world) => service(world, 'a', { ports: [{ port: 65536 }] })),
    'a Service with two equal ports': trying((world) =>
      service(world, 'a', {
        ports: [
          { name: 'a', port: 1 },
          { name: 'b', port: 1 },
        ],
      }),
    ),
    'a DaemonSet without a selector': trying((world) => {
      const { selector: _, ...spec } = aSet(world).spec ?? {};
      return { ...aSet(world), spec };
    }),
    'a DaemonSet that misses its own Pods': trying((world) =>
      daemonSet(world, 'a', {}, { selector: { matchLabels: { app: 'b' } } }),
    ),
    'a Lease of a negative duration': trying((world) =>
      object(world, LEASE, 'a', { spec: { leaseDurationSeconds: -1 } }),
    ),
    'a Secret that is not base64': trying((world) => object(world, SECRET, 'a', { data: { a: '!' } })),
  },
  { about: 'names', pods: true },
);

export const builtIn: Behaviour[] = [...immutable, ...defaults, ...lengths, ...nameRules];
