import type { Condition } from '../../lib/base/conditions';
import { conditionsOf } from '../../lib/base/conditions';
import type { KubeObject, Manifest } from '../../lib/base/kube-object';
import type { ContainerState } from '../../lib/container/container-report';
import { containerStatus } from '../../lib/container/container-report';
import { distDesired, distNames, distPhase, pinnedNode, untilReplaced } from '../../lib/container/dist';
import { distDirectory } from '../../lib/container/dist-pod';
import { loaderNode, loaderPhase } from '../../lib/container/driver-loader';
import { done, failing, going } from '../../lib/container/phase';
import type { WekaContainerPodProps } from '../../lib/container/weka-container-pod';
import { WekaContainerPod } from '../../lib/container/weka-container-pod';
import type { NodeFacts } from '../../lib/nodes/node-facts';
import { render } from '../../synth/render';
import { validateManifests } from '../../synth/validation';
import { assertConditionsConform } from '../conformance/conditions';

const OPERATOR = 'registry.example/weka-operator:1';
const GATEWAY = 'https://weka-operator-gateway.weka-operator-system.svc.cluster.local:9443';

const common = {
  name: 'drivers-dist',
  namespace: 'ns',
  uid: 'container-uid',
  labels: { app: 'weka-drivers-dist' },
  annotations: {
    'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false',
    'kubectl.kubernetes.io/last-applied-configuration': '{}',
  },
  image: 'registry.example/weka:4.4.5',
  port: 60002,
  agentPort: 60001,
  nodeSelector: {},
  tolerations: [],
  operatorImage: OPERATOR,
  gatewayUrl: GATEWAY,
};
const build = { wekaVersion: '4.4.5', attempt: 3, inputs: 'abc', deadlineSeconds: 3_000 };

type DistProps = Extract<WekaContainerPodProps, { mode: 'drivers-dist' }>;
type BuilderProps = Exclude<WekaContainerPodProps, DistProps>;

const rendered = (props: WekaContainerPodProps): Manifest => {
  const [pod] = render((chart) => void new WekaContainerPod(chart, 'pod', props));
  if (pod === undefined) throw new Error('no Pod');
  return pod;
};
const dist = (more: Partial<DistProps> = {}): Manifest =>
  rendered({ ...common, mode: 'drivers-dist', storage: { directory: '/opt/k8s-weka/x' }, ...more });
const builder = (more: Partial<BuilderProps> = {}): Manifest =>
  rendered({ ...common, mode: 'drivers-builder', build, ...more });

interface Container {
  readonly command: string[];
  readonly env: { readonly name: string; readonly value?: string; readonly valueFrom?: object }[];
  readonly volumeMounts: { readonly name: string; readonly mountPath: string; readonly readOnly?: boolean }[];
  readonly [part: string]: unknown;
}
const container = (pod: Manifest): Container => (pod.spec?.['containers'] as unknown as Container[])[0]!;
const volumes = (pod: Manifest) => pod.spec?.['volumes'] as unknown as { name: string; [part: string]: unknown }[];
const environment = (pod: Manifest): Record<string, string | undefined> =>
  Object.fromEntries(container(pod).env.map(({ name, value }) => [name, value]));

describe('the Pod of a driver container', () => {
  test.each([
    ['a distribution service', dist()],
    ['a distribution service of the operator', dist({ image: OPERATOR })],
    ['a distribution service with a claim', dist({ storage: { claim: 'packages' } })],
    ['a builder', builder()],
    ['a builder in the old word', builder({ mode: 'dist' })],
  ])('is a valid Pod: %s', (_what, pod) => expect(validateManifests([pod])).toEqual([]));

  test.each([
    ['a distribution service', dist()],
    ['a builder', builder()],
  ])('holds no credential of the API server, no capability and no new privilege: %s', (_what, pod) => {
    expect(pod.spec).toMatchObject({ automountServiceAccountToken: false });
    expect(container(pod)['securityContext']).toEqual({
      privileged: false,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
    });
    expect(pod.spec).not.toHaveProperty('hostNetwork');
    expect(pod.spec).not.toHaveProperty('hostPID');
  });

  it('gives a pre-run script what installing a package takes, and nothing else', () => {
    const { capabilities } = container(builder({ build: { ...build, preRunScript: 'x' } }))['securityContext'] as {
      capabilities: { add: string[] };
    };
    expect(capabilities.add).toEqual(['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'SETGID', 'SETUID']);
  });

  it('carries a token that only the operator accepts, and the certificates that it trusts', () => {
    for (const pod of [dist(), builder()]) {
      const token = volumes(pod).find(({ name }) => name === 'gateway-token');
      expect(JSON.stringify(token)).toContain('"audience":"weka-operator"');
      expect(volumes(pod)).toContainEqual({ name: 'ca', configMap: { name: 'weka-operator-ca' } });
      expect(environment(pod)).toMatchObject({
        GATEWAY_URL: GATEWAY,
        GATEWAY_TOKEN_FILE: '/var/run/secrets/weka-operator/token',
        CA_FILE: '/etc/weka-operator/ca/ca.crt',
        WEKA_CONTAINER_ID: 'container-uid',
      });
      expect(container(pod).env.find(({ name }) => name === 'NODE_NAME')).toHaveProperty('valueFrom');
    }
  });

  it('starts the agent that an init container copied, or the one in the image of the operator', () => {
    expect(container(dist()).command).toEqual(['/opt/weka-operator/node', '/opt/weka-operator/drivers-dist.js']);
    expect(JSON.stringify(builder().spec?.['initContainers'])).toContain('["copy-agent","drivers-builder","/agent"]');
    const own = dist({ image: OPERATOR });
    expect(container(own).command).toEqual(['node', '/opt/weka-operator/agents/drivers-dist.js']);
    expect(own.spec).not.toHaveProperty('initContainers');
    expect(volumes(own).map(({ name }) => name)).not.toContain('agent');
  });

  it('can be reached by a Service that selects the label of the container', () => {
    expect(dist().metadata.labels).toMatchObject({ app: 'weka-drivers-dist', 'weka.io/mode': 'drivers-dist' });
  });

  it('passes annotations on, but not what kubectl keeps for itself', () => {
    expect(dist().metadata.annotations).toMatchObject({ 'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false' });
    expect(dist().metadata.annotations).not.toHaveProperty(['kubectl.kubernetes.io/last-applied-configuration']);
  });

  it('is ready when its agent says so, over TLS', () => {
    expect(container(dist())['readinessProbe']).toMatchObject({
      httpGet: { path: '/readyz', port: 60002, scheme: 'HTTPS' },
    });
  });

  test.each([
    ['a directory of the node', { directory: '/srv/d' }, { hostPath: { path: '/srv/d', type: 'DirectoryOrCreate' } }],
    ['a claim', { claim: 'packages' }, { persistentVolumeClaim: { claimName: 'packages' } }],
  ])('keeps packages in %s', (_where, storage, volume) => {
    expect(volumes(dist({ storage }))).toContainEqual({ name: 'packages', ...volume });
    expect(environment(dist({ storage }))['PACKAGES_DIRECTORY']).toBe('/var/lib/weka-drivers');
  });

  it('keeps packages where the next service of that name finds them', () =>
    expect(distDirectory('ns', 'drivers-dist')).toBe('/opt/k8s-weka/drivers-dist/ns/drivers-dist'));

  it('lets a builder read the headers of its node, and nothing write them', () => {
    const mounts = container(builder()).volumeMounts;
    const host = ['/lib/modules', '/usr/src', '/host/usr/lib'];
    expect(mounts.filter(({ mountPath }) => host.includes(mountPath)).map(({ readOnly }) => readOnly)).toEqual([
      true,
      true,
      true,
    ]);
  });

  it('is tried again by the operator alone, and ended by the kubelet when it hangs', () => {
    expect(builder().spec).toMatchObject({ restartPolicy: 'Never', activeDeadlineSeconds: 3_000 });
    expect(builder().metadata.annotations).toMatchObject({
      'weka.io/build-attempt': '3',
      'weka.io/build-inputs': 'abc',
    });
    expect(dist().spec).toMatchObject({ restartPolicy: 'Always' });
  });

  it('keeps a multi-line script intact on its way into the Pod', () => {
    const preRunScript = '#!/bin/sh\necho "a $b" && apt-get update\n';
    const encoded = environment(builder({ build: { ...build, preRunScript } }))['PRE_RUN_SCRIPT'] ?? '';
    expect(Buffer.from(encoded, 'base64').toString('utf8')).toBe(preRunScript);
  });

  it('says what to build, and for which version', () => {
    const instructions = { type: 'build-drivers', payload: '{"kernel":"6.1","arch":"amd64"}' };
    const told = environment(builder({ build: { ...build, instructions } }));
    expect(told['WEKA_VERSION']).toBe('4.4.5');
    expect(JSON.parse(told['INSTRUCTIONS'] ?? '')).toEqual(instructions);
    expect(environment(builder())).not.toHaveProperty('INSTRUCTIONS');
  });

  it('asks for one node by its name, whatever its hostname label says', () => {
    expect(JSON.stringify(dist({ nodeAffinity: 'node-7' }).spec)).toContain(
      '"matchFields":[{"key":"metadata.name","operator":"In","values":["node-7"]}]',
    );
  });

  it('keeps the affinity that was asked for beside the node', () => {
    const wish = { matchExpressions: [{ key: 'zone', operator: 'In', values: ['a'] }] };
    const affinity = {
      podAntiAffinity: { x: 1 },
      nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [wish] } },
    };
    const made = dist({ nodeAffinity: 'n1', affinity }).spec?.['affinity'] as typeof affinity;
    expect(made.podAntiAffinity).toEqual({ x: 1 });
    const [term] = made.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms;
    expect(term).toMatchObject({ ...wish, matchFields: [{ values: ['n1'] }] });
  });

  it('takes the resources that were asked for in place of its own', () => {
    const resources = { requests: { memory: '1Gi' } };
    expect(container(dist({ resources }))['resources']).toEqual(resources);
  });

  it('goes to a cordoned node, where the driver is needed next', () => {
    for (const pod of [dist(), builder()])
      expect(pod.spec?.['tolerations']).toContainEqual({
        key: 'node.kubernetes.io/unschedulable',
        operator: 'Exists',
        effect: 'NoSchedule',
      });
  });
});

const pod = (phase: string, ready = false, more: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', creationTimestamp: '2026-01-01T00:00:00Z' },
  spec: { nodeName: 'node-1' },
  status: { phase, conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }], ...more },
});

describe('what a distribution service does', () => {
  test.each<[string, KubeObject | undefined, string, string]>([
    ['no Pod yet', undefined, 'PodNotRunning', 'The Pod is not running yet.'],
    ['a Pod that is pending', pod('Pending'), 'PodNotRunning', 'The Pod is not running yet.'],
    ['one that serves', pod('Running', true), 'Running', 'The Pod is ready.'],
    ['one that is not ready', pod('Running'), 'PodRunning', 'The Pod is running but not ready.'],
    [
      'a Pod that failed',
      pod('Failed', false, { message: 'The node was low on memory.' }),
      'Error',
      'The Pod failed: The node was low on memory; it is replaced.',
    ],
    [
      'a Pod that no node takes',
      pod('Pending', false, {
        conditions: [{ type: 'PodScheduled', status: 'False', message: '0/3 nodes are available' }],
      }),
      'PodNotRunning',
      'No node takes the Pod: 0/3 nodes are available',
    ],
    [
      'an image that is not there',
      pod('Pending', false, {
        containerStatuses: [{ name: 'a', image: 'i:1', state: { waiting: { reason: 'ErrImagePull' } } }],
      }),
      'PodNotRunning',
      'The Pod does not start: ErrImagePull of i:1.',
    ],
  ])('%s', (_sentence, of, phase, message) => {
    const told = distPhase(of);
    expect([told.phase, told.verdict.message]).toEqual([phase, message]);
  });

  test.each([
    ['it is told so', { nodeAffinity: 'a' }, 'b', 'a'],
    ['its packages lie there', {}, 'n1', 'n1'],
    ['nobody: it has run nowhere yet', {}, undefined, undefined],
    ['nobody: its node is gone, and it moves', {}, 'gone', undefined],
  ])('stays on a node because %s', (_why, spec, last, node) =>
    expect(pinnedNode(spec, last, (name) => name === 'n1')).toBe(node),
  );

  test.each([
    ['no Pod', undefined, undefined],
    ['a Pod that runs', pod('Running'), undefined],
    ['a Pod that failed at once', pod('Failed'), 20_000],
  ])('waits before it replaces %s', (_what, of, ms) =>
    expect(untilReplaced(of, Date.parse('2026-01-01T00:00:10Z'))).toBe(ms),
  );

  it('is dialled by each of its Services, in every form, and directly', () =>
    expect(distNames(['ns/a'], '10.0.0.7')).toEqual(['a.ns.svc.cluster.local', 'a.ns.svc', 'a.ns', 'a', '10.0.0.7']));

  it('is told what it shall hold, who may upload and how it gets out', () => {
    const holdings = { packages: [] };
    const nothing = { holdings, permitKey: 'k', certificate: undefined, extraCA: undefined, proxy: undefined };
    expect(distDesired(nothing)).toEqual({ packages: [], permitKeys: ['k'] });
    const proxy = { url: 'https://proxy.example', noProxy: ['.svc'] };
    expect(distDesired({ ...nothing, certificate: 'c', extraCA: 'e', proxy })).toEqual({
      packages: [],
      permitKeys: ['k'],
      certificate: 'c',
      extraCA: 'e',
      proxy,
    });
  });
});

describe('a loader that was made by hand', () => {
  const node = (name: string, labels: Record<string, string> = {}, unschedulable = false): NodeFacts => ({
    name,
    uid: name,
    labels,
    kernel: '6.1',
    architecture: 'amd64',
    osImage: '',
    bootID: '',
    ready: true,
    unschedulable,
  });
  const nodes = [node('c', { pool: 'x' }), node('b', { pool: 'x' }), node('a', { pool: 'x' }, true), node('z')];

  test.each([
    ['the one it names', { nodeAffinity: 'q' }, undefined, 'q'],
    ['the one it had', { nodeSelector: { pool: 'x' } }, 'c', 'c'],
    ['the first by name that can take Pods', { nodeSelector: { pool: 'x' } }, undefined, 'b'],
    ['another one, when its node is gone', { nodeSelector: { pool: 'x' } }, 'gone', 'b'],
    ['none, when none matches', { nodeSelector: { pool: 'y' } }, undefined, undefined],
    ['any, without a selector', {}, undefined, 'b'],
  ])('means %s', (_which, spec, before, name) => expect(loaderNode(spec, before, nodes)).toBe(name));

  const why: Condition = {
    type: 'DriversReady',
    status: 'False',
    reason: 'Mirroring',
    message: 'It is being fetched.',
    lastTransitionTime: '',
  };
  const input = { wekaVersion: '4.4.5', image: 'i:4.4.5', node: 'n1', record: {}, conditions: [] };
  test.each([
    ['its driver is loaded', { record: { driver: { wekaVersion: '4.4.5' } } }, 'Completed', 'Succeeded'],
    ['another driver is loaded', { record: { driver: { wekaVersion: '4.4.4' } } }, 'WaitForDrivers', 'WaitForDrivers'],
    ['nothing is known of its node', { record: undefined }, 'WaitForDrivers', 'WaitForDrivers'],
    ['its node says why', { conditions: [why] }, 'WaitForDrivers', 'Mirroring'],
    ['it has no node', { node: undefined }, 'WaitForDrivers', 'NodeMissing'],
    ['its image has no version', { wekaVersion: undefined }, 'WaitForDrivers', 'ImageVersionUnknown'],
  ])('%s', (_sentence, more, phase, reason) => {
    const { phase: told, verdict } = loaderPhase({ ...input, ...more });
    expect([told, verdict.state === 'ready' ? 'Succeeded' : verdict.reason]).toEqual([phase, reason]);
  });
});

describe('the status of a driver container', () => {
  const status = (more: Partial<ContainerState> = {}) =>
    containerStatus({
      now: 0,
      generation: 1,
      conditions: [],
      phase: done('Running', 'The Pod is ready.'),
      more: {},
      pod: undefined,
      node: '',
      failure: undefined,
      outdated: [],
      full: undefined,
      ...more,
    });
  const conforms = (written: ReturnType<typeof status>): void =>
    assertConditionsConform({
      apiVersion: 'v',
      kind: 'WekaContainer',
      metadata: { name: 'c', generation: 1 },
      status: written,
    });

  test.each<[string, Partial<ContainerState>, string, string]>([
    ['what is done is Ready', {}, 'Running', 'True'],
    ['what goes on is not', { phase: going('Building', 'Building', 'x') }, 'Building', 'False'],
    [
      'what failed is not',
      { phase: failing('Error', { code: 'BuilderDied', parameters: { cause: 'x' } }) },
      'Error',
      'False',
    ],
    [
      'what stopped the round wins',
      { failure: { state: 'stalled', reason: 'NameTaken', message: 'x' } },
      'Error',
      'False',
    ],
  ])('%s', (_sentence, more, phase, ready) => {
    const written = status(more);
    expect(written['status']).toBe(phase);
    expect(conditionsOf({ status: written }).find(({ type }) => type === 'Ready')?.status).toBe(ready);
    conforms(written);
  });

  it('shows node and progress in columns', () => {
    expect(status({ node: 'n1', more: { printer: { progress: 'building' }, attempts: 2 } })).toMatchObject({
      nodeAffinity: 'n1',
      printer: { nodeAffinity: 'n1', progress: 'building' },
      attempts: 2,
    });
    expect(status()).not.toHaveProperty('printer');
  });

  it('stays Ready with an outdated Pod, and says what the next one will differ in', () => {
    const outdated = ['spec.initContainers[name="agent"].image'];
    const conditions = conditionsOf({ status: status({ pod: pod('Running', true), outdated }) });
    expect(conditions.find(({ type }) => type === 'Ready')).toMatchObject({ status: 'True' });
    expect(conditions.find(({ type }) => type === 'UpToDate')).toMatchObject({
      status: 'False',
      message: expect.stringContaining('agent') as string,
    });
  });

  it('says that its storage is full, only while it is', () => {
    const full = status({ full: 'No room.' });
    conforms(full);
    const conditions = conditionsOf({ status: full });
    expect(conditions.find(({ type }) => type === 'StorageAvailable')).toMatchObject({
      status: 'False',
      reason: 'StorageFull',
    });
    expect(JSON.stringify(status({ conditions }))).not.toContain('StorageAvailable');
  });
});
