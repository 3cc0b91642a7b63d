import { conditionsOf } from '../../lib/base/conditions';
import type { KubeObject, Manifest } from '../../lib/base/kube-object';
import type { ContainerState } from '../../lib/container/container-report';
import { containerStatus } from '../../lib/container/container-report';
import { WekaContainerPod } from '../../lib/container/weka-container-pod';
import { render } from '../../synth/render';
import { validateManifests } from '../../synth/validation';
import { assertConditionsConform } from '../conformance/conditions';

type Props = ConstructorParameters<typeof WekaContainerPod>[2];

const podOf = (more: Partial<Props> = {}): Manifest => {
  const props: Props = {
    name: 'drivers-dist',
    namespace: 'ns',
    uid: 'container-uid',
    labels: { app: 'weka-drivers-dist' },
    annotations: {
      'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false',
      'kubectl.kubernetes.io/last-applied-configuration': '{}',
    },
    mode: 'drivers-dist',
    image: 'registry.example/weka:4.4.5',
    port: 60002,
    agentPort: 60001,
    nodeSelector: {},
    tolerations: [],
    operatorImage: 'registry.example/weka-operator:1',
    ...more,
  };
  const [pod] = render((chart) => void new WekaContainerPod(chart, 'pod', props));
  if (pod === undefined) throw new Error('no Pod');
  return pod;
};
const container = (pod: Manifest) => (pod.spec?.['containers'] as Record<string, unknown>[])[0];

describe('the Pod of a driver container', () => {
  it.each(['drivers-dist', 'drivers-builder', 'dist'] as const)('of mode %s is a valid Pod', (mode) => {
    expect(validateManifests([podOf({ mode })])).toEqual([]);
  });

  it('holds no Kubernetes credential, no capability and no new privilege', () => {
    const pod = podOf();
    expect(pod.spec).toMatchObject({ automountServiceAccountToken: false });
    expect(container(pod)?.['securityContext']).toEqual({
      privileged: false,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
    });
    expect(pod.spec).not.toHaveProperty('hostNetwork');
    expect(pod.spec).not.toHaveProperty('hostPID');
  });

  it('can be reached by a Service that selects the label of the container', () => {
    expect(podOf().metadata.labels).toMatchObject({ app: 'weka-drivers-dist', 'weka.io/mode': 'drivers-dist' });
  });

  it('passes annotations on, but not what kubectl keeps for itself', () => {
    expect(podOf().metadata.annotations).toMatchObject({ 'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false' });
    expect(podOf().metadata.annotations).not.toHaveProperty(['kubectl.kubernetes.io/last-applied-configuration']);
  });

  it('lets a builder read the headers of its node, and nothing write them', () => {
    const mounts = container(podOf({ mode: 'drivers-builder' }))?.['volumeMounts'] as {
      mountPath: string;
      readOnly?: boolean;
    }[];
    const host = mounts.filter(({ mountPath }) => ['/lib/modules', '/usr/src'].includes(mountPath));
    expect(host.map(({ readOnly }) => readOnly)).toEqual([true, true]);
  });

  it('keeps a multi-line script intact on its way into the Pod', () => {
    const script = '#!/bin/sh\necho "a $b" && apt-get update\n';
    const env = container(podOf({ mode: 'drivers-builder', preRunScript: script }))?.['env'] as {
      name: string;
      value: string;
    }[];
    const encoded = env.find(({ name }) => name === 'PRE_RUN_SCRIPT')?.value ?? '';
    expect(Buffer.from(encoded, 'base64').toString('utf8')).toBe(script);
  });

  it('asks for one node by its name, whatever its hostname label says', () => {
    expect(JSON.stringify(podOf({ nodeAffinity: 'node-7' }).spec)).toContain(
      '"matchFields":[{"key":"metadata.name","operator":"In","values":["node-7"]}]',
    );
  });
});

describe('the status of a driver container', () => {
  const pod = (phase: string, ready = false): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p' },
    spec: { nodeName: 'node-1' },
    status: { phase, conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  });
  const status = (more: Partial<ContainerState>) =>
    containerStatus({
      now: 0,
      generation: 1,
      conditions: [],
      mode: 'drivers-dist',
      pod: undefined,
      previousStatus: undefined,
      failure: undefined,
      outdated: [],
      ...more,
    });

  test.each([
    ['no Pod yet', {}, 'PodNotRunning', 'False'],
    ['a Pod that is pending', { pod: pod('Pending') }, 'PodNotRunning', 'False'],
    ['a dist that serves', { pod: pod('Running', true) }, 'Running', 'True'],
    ['a dist that is not ready', { pod: pod('Running') }, 'PodRunning', 'False'],
    ['a builder at work', { mode: 'drivers-builder' as const, pod: pod('Running') }, 'Building', 'False'],
    ['a builder that has finished', { mode: 'drivers-builder' as const, pod: pod('Succeeded') }, 'Completed', 'True'],
    [
      'a builder whose finished Pod is gone',
      { mode: 'drivers-builder' as const, previousStatus: 'Completed' },
      'Completed',
      'True',
    ],
    ['a Pod that failed', { pod: pod('Failed') }, 'Error', 'False'],
  ])('%s', (_sentence, more, phase, ready) => {
    const written = status(more);
    expect(written['status']).toBe(phase);
    expect(conditionsOf({ status: written }).find(({ type }) => type === 'Ready')?.status).toBe(ready);
    assertConditionsConform({
      apiVersion: 'v',
      kind: 'WekaContainer',
      metadata: { name: 'c', generation: 1 },
      status: written,
    });
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

  it('quotes the scheduler when no node takes the Pod', () => {
    const pending = {
      ...pod('Pending'),
      status: {
        phase: 'Pending',
        conditions: [{ type: 'PodScheduled', status: 'False', message: '0/3 nodes are available' }],
      },
    };
    expect(conditionsOf({ status: status({ pod: pending }) })[0]?.message).toBe(
      'No node takes the Pod: 0/3 nodes are available',
    );
  });
});
