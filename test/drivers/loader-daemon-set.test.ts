import type { JsonObject } from '../../lib/base/json';
import type { Manifest } from '../../lib/base/kube-object';
import { indexName, LoaderDaemonSet, loaderTarget } from '../../lib/drivers/loader-daemon-set';
import { ObserverDaemonSet } from '../../lib/drivers/observer-daemon-set';
import { OperatorDist } from '../../lib/drivers/operator-dist';
import { render } from '../../synth/render';
import { validateManifests } from '../../synth/validation';

const NAMESPACE = 'weka-operator-system';
const props = {
  wekaVersion: '4.4.5.118-k8s.4',
  distUrl: 'https://drivers-dist.default.svc.cluster.local:60002',
  image: 'operator:1',
  operatorImage: 'operator:1',
  namespace: NAMESPACE,
};
const loader = (more: Partial<typeof props & { imagePullSecret: string }> = {}): Manifest =>
  render((chart) => new LoaderDaemonSet(chart, 'loader', { ...props, ...more }))[0] as Manifest;
const observer = (): Manifest =>
  render(
    (chart) =>
      new ObserverDaemonSet(chart, 'o', {
        namespace: NAMESPACE,
        operatorImage: 'operator:1',
        gatewayUrl: 'https://g:1',
      }),
  )[0] as Manifest;

interface Pod {
  readonly spec: JsonObject & {
    readonly initContainers?: readonly JsonObject[];
    readonly containers: readonly JsonObject[];
    readonly volumes: readonly JsonObject[];
  };
  readonly metadata: { readonly labels: Record<string, string> };
}
const podOf = (manifest: Manifest): Pod => manifest.spec?.['template'] as unknown as Pod;
const containersOf = (manifest: Manifest): readonly JsonObject[] => {
  const { initContainers = [], containers } = podOf(manifest).spec;
  return [...initContainers, ...containers];
};

describe('a loader', () => {
  test.each([
    ['WEKA version', { wekaVersion: '4.4.6' }],
    ['service', { distUrl: 'https://other:60002' }],
    ['image', { image: 'other:1' }],
    ['pull secret', { imagePullSecret: 's' }],
  ])('is another one for another %s', (_what, more) => {
    expect(loaderTarget({ ...props, ...more })).not.toBe(loaderTarget(props));
    expect(loader(more).metadata.name).not.toBe(loader().metadata.name);
  });

  test('serves the nodes that carry its target, whatever they are tainted with', () => {
    const target = loaderTarget(props);
    expect(podOf(loader()).spec).toMatchObject({
      nodeSelector: { 'kubernetes.io/os': 'linux', 'weka.io/drivers-target': target },
      tolerations: [{ operator: 'Exists' }],
    });
    expect(loader().spec).toMatchObject({ selector: { matchLabels: { 'weka.io/drivers-target': target } } });
  });

  test('is never replaced because its template changed, and unloads nothing when it ends', () => {
    expect(loader().spec).toMatchObject({ updateStrategy: { type: 'OnDelete' } });
    for (const container of containersOf(loader())) expect(container).not.toHaveProperty('lifecycle');
  });

  test('mounts every shard of the index of its version', () =>
    expect(podOf(loader()).spec.volumes).toEqual(
      expect.arrayContaining(
        [0, 1, 2, 3].map((shard) => ({
          name: `index-${shard}`,
          configMap: { name: indexName(props.wekaVersion, shard), optional: true },
        })),
      ),
    ));

  test('with another image brings its agent along', () => {
    const [copy, load] = containersOf(loader({ image: 'weka:4.4.5' }));
    expect(copy).toMatchObject({ image: 'operator:1', args: ['copy-agent', 'drivers-loader', '/opt/weka-agent'] });
    expect(load).toMatchObject({
      image: 'weka:4.4.5',
      command: ['/opt/weka-agent/node', '/opt/weka-agent/drivers-loader.js', 'load'],
    });
    expect(containersOf(loader()).map(({ name }) => name)).toEqual(['load', 'watch']);
  });

  test('of a version with a long or odd name still has a valid label', () => {
    for (const wekaVersion of [`sha256:${'a'.repeat(64)}`, `${'4.'.repeat(60)}1`, '4.4+x'])
      expect(loaderTarget({ ...props, wekaVersion })).toMatch(/^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/);
  });
});

describe.each([
  ['loader', loader()],
  ['loader with another image', loader({ image: 'weka:4.4.5' })],
  ['observer', observer()],
])('the Pods of the %s', (_name, manifest) => {
  test('hold no token that the API server accepts, and nobody runs privileged', () => {
    expect(podOf(manifest).spec['automountServiceAccountToken']).toBe(false);
    for (const { securityContext } of containersOf(manifest)) {
      expect(securityContext).not.toHaveProperty('privileged', true);
      expect(securityContext).toMatchObject({ allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } });
    }
  });

  test("are as the API server's schema wants them", () => expect(validateManifests([manifest])).toEqual([]));

  test('carry the label by which they are watched', () =>
    expect(podOf(manifest).metadata.labels['app.kubernetes.io/created-by']).toBe('weka-operator'));
});

test('only the loading container may load modules', () => {
  const mayLoad = containersOf(loader())
    .filter(({ securityContext }) => JSON.stringify(securityContext).includes('SYS_MODULE'))
    .map(({ name }) => name);
  expect(mayLoad).toEqual(['load']);
  expect(JSON.stringify(observer())).not.toContain('SYS_MODULE');
});

test("the operator's own dist is a Service and the container that it selects", () => {
  const made = render((chart) => new OperatorDist(chart, 'd', { namespace: NAMESPACE, operatorImage: 'operator:1' }));
  const [service, container] = ['Service', 'WekaContainer'].map((kind) => made.find((each) => each.kind === kind));
  expect(service?.spec).toMatchObject({
    selector: { app: container?.metadata.labels?.['app'], 'weka.io/mode': 'drivers-dist' },
    ports: [{ port: 60002, targetPort: 60002 }],
  });
  expect(container?.spec).toMatchObject({
    name: 'dist',
    mode: 'drivers-dist',
    port: 60002,
    agentPort: 60001,
    numCores: 1,
  });
});
