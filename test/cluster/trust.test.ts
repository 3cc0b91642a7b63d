import { ConfigMap } from '../../lib/base/cdk';
import { LoaderDaemonSet } from '../../lib/drivers/loader-daemon-set';
import type { Manifest } from '../../lib/base/kube-object';
import { trustPolicies } from '../../lib/operator/trust-policy';
import { render } from '../../synth/render';
import { describeCluster, eventually } from './harness';
import type { OwnPlane } from './own-plane';
import { MANAGER, NAMESPACE, ownPlane, registerNode } from './own-plane';

const loader = (namespace: string): Manifest =>
  render(
    (chart) =>
      new LoaderDaemonSet(chart, 'loader', {
        namespace,
        wekaVersion: '4.4.5',
        distUrl: 'https://d:60002',
        image: 'operator:1',
        operatorImage: 'operator:1',
      }),
  )[0] as Manifest;
const configMap = (name: string, labels: Record<string, string>, namespace = NAMESPACE): Manifest =>
  render((chart) => new ConfigMap(chart, name, { name, namespace, labels, data: { a: 'b' } }))[0] as Manifest;
const index = configMap('weka-drivers-index-x-0', { 'weka.io/drivers-index': '4.4.5' });
const record = (spec: object): Manifest => ({
  apiVersion: 'weka.weka.io/v1alpha1',
  kind: 'WekaNode',
  metadata: { name: 'n1' },
  spec: spec as never,
});

describeCluster('what decides which code runs in kernels is written by the operator alone', () => {
  let plane: OwnPlane;
  let operator = '';
  beforeAll(async () => {
    plane = await ownPlane();
    await plane.installCrds();
    await registerNode(plane, 'n1', '6.1.0');
    operator = await plane.kubeconfig(MANAGER);
    await plane.apply(trustPolicies(NAMESPACE, 'the-manager'));
    await eventually('the policies are in force', async () => (await apply(loader(NAMESPACE))) !== undefined);
  }, 120_000);
  afterAll(() => plane.stop());

  /** Applies as an administrator (or with that kubeconfig); what was refused, in the server's words. */
  const apply = async (manifest: Manifest, kubeconfig?: string): Promise<string | undefined> => {
    const { code, stderr } = await plane.kubectl(['apply', '--server-side', '--force-conflicts', '-f', '-'], {
      stdin: JSON.stringify(manifest),
      mayFail: true,
      ...(kubeconfig === undefined ? {} : { kubeconfig }),
    });
    return code === 0 ? undefined : stderr;
  };
  const remove = async (...args: string[]): Promise<string | undefined> => {
    const { code, stderr } = await plane.kubectl(['delete', '--wait=false', ...args], { mayFail: true });
    return code === 0 ? undefined : stderr;
  };

  test.each([
    ['a loader', loader(NAMESPACE), 'A loader or observer of drivers'],
    ['a shard of the package index', index, 'The index of driver packages'],
    ['the certificates that agents trust', configMap('weka-operator-ca', {}), 'The index of driver packages'],
    ['the driver of a node', record({ driver: { wekaVersion: '4.4.5' } }), 'spec.driver of a WekaNode'],
    [
      'the target label of a Node',
      { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1', labels: { 'weka.io/drivers-target': 'x' } } },
      'The label weka.io/drivers-target of a Node',
    ],
  ] as [string, Manifest, string][])(
    '%s: an administrator is told whose it is, the operator may',
    async (_what, manifest, words) => {
      expect(await apply(manifest)).toContain(words);
      expect(await apply(manifest, operator)).toBeUndefined();
      const changed = { ...manifest, metadata: { ...manifest.metadata, annotations: { x: 'y' } } };
      // The driver and the label themselves are guarded on records and Nodes; the rest of these objects is others'.
      const guarded = manifest.kind === 'DaemonSet' || manifest.kind === 'ConfigMap';
      expect(await apply(changed)).toEqual(guarded ? expect.stringContaining(words) : undefined);
    },
  );

  test('nobody deletes them either, nor takes the driver off a record', async () => {
    expect(await remove('daemonset', '-n', NAMESPACE, loader(NAMESPACE).metadata.name)).toContain(
      'A loader or observer',
    );
    expect(await remove('configmap', '-n', NAMESPACE, index.metadata.name)).toContain('The index of driver packages');
    expect(await remove('wekanode', 'n1')).toContain('spec.driver of a WekaNode');
  });

  test("what else an administrator does is nobody's business: other ConfigMaps and DaemonSets, blocked drives, other labels", async () => {
    expect(await apply(configMap('mine', {}))).toBeUndefined();
    const { labels: _labels, ...metadata } = loader(NAMESPACE).metadata;
    expect(await apply({ ...loader(NAMESPACE), metadata: { ...metadata, name: 'mine' } })).toBeUndefined();
    expect(await apply({ ...record({ blockedDrives: ['S1'] }), metadata: { name: 'n2' } })).toBeUndefined();
    expect((await plane.kubectl(['label', 'node', 'n1', 'mine=1'])).code).toBe(0);
    expect((await plane.kubectl(['cordon', 'n1'])).code).toBe(0);
  });

  test('in other namespaces the same names mean nothing', async () => {
    expect(await apply(configMap('weka-operator-ca', {}, 'default'))).toBeUndefined();
    expect(await apply(loader('default'))).toBeUndefined();
  });

  test('a namespace that is deleted takes all of it along', async () => {
    await plane.kubectl(['delete', 'namespace', NAMESPACE, '--wait=false']);
    await eventually(
      'the loader is collected',
      async () => {
        const { stdout } = await plane.kubectl(['get', 'daemonset,configmap', '-n', NAMESPACE, '-o', 'name'], {
          mayFail: true,
        });
        return stdout.trim() === '';
      },
      60_000,
    );
  }, 90_000);
});
