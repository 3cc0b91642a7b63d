import type { BuildDemand } from '../../lib/drivers/demand';
import { DriverDistribution } from '../../lib/drivers/driver-distribution';
import { recogniseDistributionChild } from '../../lib/drivers/recognise';
import type { LiveObject, Manifest } from '../../lib/base/kube-object';
import { render } from '../../synth/render';

type Props = ConstructorParameters<typeof DriverDistribution>[2];

const build: BuildDemand = {
  wekaVersion: '4.4.5',
  kernel: '6.1.0-18-amd64',
  architecture: 'amd64',
  image: 'registry.example/weka:4.4.5',
  wantedBy: ['ensureImages'],
  nodes: ['n1'],
  placement: { kind: 'labels', nodeSelector: { role: 'worker' } },
};

const props = (more: Partial<Props> = {}): Props => ({
  name: 'drivers',
  namespace: 'weka-operator-system',
  labels: { team: 'storage', 'argocd.argoproj.io/instance': 'app' },
  image: 'registry.example/weka:4.4.5',
  tolerations: [],
  distNodeSelector: {},
  builds: [build],
  labelKeys: { kernel: 'weka.io/kernel', architecture: 'weka.io/architecture' },
  extraBuildArgs: [],
  ...more,
});

const renderWith = (more: Partial<Props> = {}): Manifest[] =>
  render((chart) => void new DriverDistribution(chart, 'drivers', props(more)));
const find = (manifests: Manifest[], role: string): Manifest => {
  const found = manifests.find(({ metadata }) => metadata.labels?.['weka.io/child-role'] === role);
  if (found === undefined) throw new Error(`no child with role ${role}`);
  return found;
};

describe('a driver distribution', () => {
  it('is a Service, a dist and a builder for each package', () => {
    expect(renderWith().map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([
      'Service drivers-dist',
      expect.stringMatching(/^WekaContainer drivers-builder-4-4-5-6-1-0-18-amd64-amd64-[0-9a-f]{8}$/),
      'WekaContainer drivers-dist',
    ]);
  });

  it('serves on 60002 to what the dist is labelled with', () => {
    const service = find(renderWith(), 'service');
    const dist = find(renderWith(), 'dist');
    expect(service.spec).toEqual({
      type: 'ClusterIP',
      selector: { 'weka.io/policy-name': 'drivers', 'weka.io/mode': 'drivers-dist' },
      ports: [{ name: 'weka-drivers-dist', protocol: 'TCP', port: 60002, targetPort: 60002 }],
    });
    expect(dist.metadata.labels).toMatchObject(service.spec?.['selector'] as object);
  });

  it('keeps ports, container name and core count that WEKA fixes', () => {
    for (const role of ['dist', 'builder']) {
      expect(find(renderWith(), role).spec).toMatchObject({ name: 'dist', agentPort: 60001, port: 60002, numCores: 1 });
    }
  });

  it('places a builder on nodes of its pool, kernel and architecture, and has it upload to dist', () => {
    expect(find(renderWith(), 'builder').spec).toMatchObject({
      mode: 'drivers-builder',
      image: 'registry.example/weka:4.4.5',
      uploadResultsTo: 'drivers-dist',
      nodeSelector: { role: 'worker', 'weka.io/kernel': '6.1.0-18-amd64', 'weka.io/architecture': 'amd64' },
    });
  });

  it('places a builder by name where only some nodes have the headers', () => {
    const placed = { ...build, placement: { kind: 'nodes', names: ['n2', 'n3'] } } as const;
    const { nodeSelector, affinity } = find(renderWith({ builds: [placed] }), 'builder').spec ?? {};
    expect(nodeSelector).toBeUndefined();
    expect(JSON.stringify(affinity).match(/"values":\["n[23]"\]/g)).toHaveLength(2);
  });

  it('builds for the version of its target, whatever the image of the builder', () => {
    const builder = find(renderWith({ builderImageOverride: 'registry.example/toolbox:9' }), 'builder');
    expect(builder.spec).toMatchObject({ image: 'registry.example/toolbox:9', builder: { weka_version: '4.4.5' } });
  });

  test.each([
    ['nothing', undefined, {}],
    ['a claim', { claim: 'packages' }, { pvc: { name: 'packages' } }],
    ['a directory', { directory: '/srv/drivers' }, { packagesDirectory: '/srv/drivers' }],
  ])('keeps packages where it is told: %s', (_sentence, storage, spec) => {
    const dist = find(renderWith(storage === undefined ? {} : { storage }), 'dist');
    expect({ pvc: dist.spec?.['pvc'], packagesDirectory: dist.spec?.['packagesDirectory'] }).toEqual({
      pvc: undefined,
      packagesDirectory: undefined,
      ...spec,
    });
  });

  it('hands script, arguments and time limit to the builder, never through a shell line of ours', () => {
    const builder = find(
      renderWith({
        preRunScript: '#!/bin/sh\napt-get update\n',
        extraBuildArgs: ['-j4', 'CC=gcc-12'],
        buildTimeout: '20m',
      }),
      'builder',
    );
    const instructions = builder.spec?.['instructions'] as { payload: string };
    expect(JSON.parse(instructions.payload)).toEqual({
      kernel: '6.1.0-18-amd64',
      arch: 'amd64',
      extraBuildArgs: ['-j4', 'CC=gcc-12'],
      buildTimeout: '20m',
    });
    expect(builder.spec?.['overrides']).toEqual({ preRunScript: '#!/bin/sh\napt-get update\n' });
  });

  it('gives a new version a new builder under a new name', () => {
    const [first, second] = [build, { ...build, wekaVersion: '4.4.6', image: 'registry.example/weka:4.4.6' }].map(
      (each) => find(renderWith({ builds: [each] }), 'builder'),
    );
    expect(first?.metadata.name).not.toBe(second?.metadata.name);
  });

  it('passes labels on, but not those by which a GitOps tool knows its own', () => {
    for (const manifest of renderWith()) {
      expect(manifest.metadata.labels).toMatchObject({ team: 'storage' });
      expect(manifest.metadata.labels).not.toHaveProperty(['argocd.argoproj.io/instance']);
    }
  });

  it('keeps the name of a dist that lives already', () => {
    const manifests = renderWith({ distName: 'drivers-dist-x7f2q' });
    expect(find(manifests, 'dist').metadata.name).toBe('drivers-dist-x7f2q');
    expect(find(manifests, 'builder').spec?.['uploadResultsTo']).toBe('drivers-dist-x7f2q');
  });
});

describe('recognising children', () => {
  const live = (kind: string, spec: object, metadata: object = {}): LiveObject =>
    ({
      apiVersion: 'x',
      kind,
      metadata: { name: 'c', uid: 'u', resourceVersion: '1', ...metadata },
      spec,
    }) as LiveObject;

  test.each([
    [
      'our own, by its mark',
      live(
        'WekaContainer',
        {},
        { labels: { 'weka.io/child-role': 'builder' }, annotations: { 'weka.io/child-slot': 'a b c' } },
      ),
      { role: 'builder', slot: 'a b c' },
    ],
    ["the Go operator's Service", live('Service', {}), { role: 'service', slot: '' }],
    ["the Go operator's dist", live('WekaContainer', { mode: 'drivers-dist' }), { role: 'dist', slot: '' }],
    [
      "the Go operator's builder, by version, kernel and architecture",
      live('WekaContainer', {
        mode: 'drivers-builder',
        image: 'r/weka:4.4.5',
        instructions: { type: 'build-drivers', payload: '{"kernel":"6.1.0-18-amd64","arch":"amd64"}' },
      }),
      { role: 'builder', slot: '4.4.5 6.1.0-18-amd64 amd64' },
    ],
    [
      'a builder written by hand: nobody we know',
      live('WekaContainer', { mode: 'drivers-builder', image: 'r/weka:4.4.5' }),
      undefined,
    ],
    [
      'a container of a cluster: nobody we know',
      live('WekaContainer', { mode: 'compute', image: 'r/weka:4.4.5' }),
      undefined,
    ],
  ])('%s', (_sentence, object, identity) => expect(recogniseDistributionChild(object)).toEqual(identity));

  it('recognises what it renders', () => {
    for (const manifest of renderWith()) {
      expect(recogniseDistributionChild(manifest as LiveObject)).toBeDefined();
    }
  });
});
