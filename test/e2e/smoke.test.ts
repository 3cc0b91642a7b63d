import type { Cluster } from './harness';
import { describeE2e, eventually, newCluster, NODE_NAME, OPERATOR_IMAGE, WEKA_IMAGES, WEKA_SOURCES } from './harness';

const pod = (name: string, spec: Record<string, unknown>, labels: Record<string, string> = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default', labels },
  spec: { terminationGracePeriodSeconds: 1, enableServiceLinks: false, automountServiceAccountToken: false, ...spec },
});

const container = (image: string, command: readonly string[], more: Record<string, unknown> = {}) => ({
  name: 'main',
  image,
  imagePullPolicy: 'Never',
  command,
  ...more,
});

const SERVER = `require('http').createServer((q, r) => r.end('served to ' + q.url)).listen(8080)`;
const CLIENT = `
const ask = () => fetch('http://server.default.svc.cluster.local/client').then((r) => r.text());
const again = () => ask().then(console.log, (e) => { console.error(String(e.cause ?? e)); setTimeout(again, 1000); });
again();`;

describeE2e('a cluster with a real node', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await newCluster();
  });
  afterAll(() => cluster?.stop());

  const phaseOf = async (name: string): Promise<string> =>
    (await cluster.kubectl(['get', 'pod', name, '-o', 'jsonpath={.status.phase}'])).stdout;
  const until = (name: string, phase: string): Promise<void> =>
    eventually(`Pod ${name} is ${phase}`, async () => (await phaseOf(name)) === phase);
  const logs = async (name: string): Promise<string> => (await cluster.kubectl(['logs', name])).stdout;

  test('runs the operator’s image as its Dockerfile says, and reads the logs of its Pod', async () => {
    const { command: _entrypoint, ...asBuilt } = container(OPERATOR_IMAGE, []);
    await cluster.apply([
      pod('version', { restartPolicy: 'Never', containers: [{ ...asBuilt, args: ['--version'] }] }),
    ]);
    await until('version', 'Succeeded');
    expect(await logs('version')).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test('has what a driver is built from: headers on the node, compiler and sources in WEKA’s stand-in', async () => {
    const headers = await cluster.node.run(
      'cd /lib/modules/$(uname -r)/build/ && ls Makefile scripts/sign-file ../*-common/Makefile',
    );
    expect(headers).toMatchObject({ status: 0 });
    const script = `gcc --version | head -n 1; make --version | head -n 1; ls ${WEKA_SOURCES}; cat ${WEKA_SOURCES}/version.h`;
    await cluster.apply([
      pod('compiler', { restartPolicy: 'Never', containers: [container(WEKA_IMAGES[1], ['sh', '-c', script])] }),
    ]);
    await until('compiler', 'Succeeded');
    expect(await logs('compiler')).toMatch(/gcc.*\nGNU Make[^]*wekafsio\.c[^]*"4\.4\.6\.42"/);
  });

  test('lets a Pod reach another through a Service by its DNS name', async () => {
    const ports = [{ port: 80, targetPort: 8080 }];
    await cluster.apply([
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'server', namespace: 'default' },
        spec: { selector: { app: 'server' }, ports },
      },
      pod('server', { containers: [container(OPERATOR_IMAGE, ['node', '-e', SERVER])] }, { app: 'server' }),
      pod('client', { restartPolicy: 'Never', containers: [container(OPERATOR_IMAGE, ['node', '-e', CLIENT])] }),
    ]);
    await until('client', 'Succeeded');
    expect(await logs('client')).toBe('served to /client\n');
    const { stdout } = await cluster.kubectl(['exec', 'server', '--', 'node', '-p', '40 + 2']);
    expect(stdout.trim()).toBe('42');
  });

  test('comes back from a power cut with what it had synced, another boot and the same Pods', async () => {
    const before = await cluster.nodeReady();
    await cluster.node.run('echo kept > /opt/kept; sync; echo lost > /opt/lost');
    const after = await cluster.powerCycle();
    expect(after).not.toBe(before);
    expect((await cluster.node.run('cat /opt/kept')).output).toBe('kept\n');
    await eventually(
      'the server runs again',
      async () => {
        const path = '{.status.containerStatuses[0].restartCount} {.status.containerStatuses[0].ready}';
        const { stdout } = await cluster.kubectl(['get', 'pod', 'server', '-o', `jsonpath=${path}`]);
        return stdout === '1 true';
      },
      240_000,
    );
    const { stdout } = await cluster.kubectl([
      'get',
      'node',
      NODE_NAME,
      '-o',
      'jsonpath={.status.nodeInfo.kernelVersion}',
    ]);
    expect((await cluster.node.run('uname -r')).output.trim()).toBe(stdout);
  });

  test('answers on its own shell what a command printed and how it ended, however long it is', async () => {
    expect(await cluster.node.run('echo out; echo err >&2; exit 3')).toEqual({ status: 3, output: 'out\nerr\n' });
    expect((await cluster.node.run('seq 1 20000')).output.length).toBe(108_894);
  });
});
