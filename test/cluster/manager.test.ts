import { createPrivateKey, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import type { AddressInfo, Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { JsonObject } from '../../lib/base/json';
import { LEADER_LEASE } from '../../lib/base/names';
import { createAuthority } from './certificates';
import { CRD_DIRECTORY, describeCluster, eventually } from './harness';
import type { ManagerProcess } from './manager-process';
import { startManager, stopManagers } from './manager-process';
import type { OwnPlane } from './own-plane';
import { MANAGER, NAMESPACE, ownPlane, registerNode } from './own-plane';

jest.setTimeout(180_000);

const policy = (name: string) => ({
  apiVersion: 'weka.weka.io/v1alpha1',
  kind: 'WekaPolicy',
  metadata: { name, namespace: NAMESPACE },
  spec: {
    type: 'enable-local-drivers-distribution',
    image: 'registry.example/weka:4.4.5',
    payload: { driverDistPayload: { ensureImages: ['registry.example/weka:4.4.5'] } },
  },
});

/** Passes bytes on to the API server, as long as it is open: a network that can fail. */
class Relay {
  private server: Server | undefined;
  private readonly sockets = new Set<Socket>();
  private constructor(
    private readonly target: number,
    readonly port: number,
  ) {}

  static async to(server: string): Promise<Relay> {
    const probe = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => probe.once('listening', resolve));
    const { port } = probe.address() as AddressInfo;
    await new Promise((resolve) => probe.close(resolve));
    return new Relay(Number(new URL(server).port), port);
  }

  async open(): Promise<void> {
    const server = createServer((near) => {
      const far = connect(this.target, '127.0.0.1');
      for (const socket of [near, far]) {
        this.sockets.add(socket);
        socket
          .on('error', () => undefined)
          .once('close', () => (near.destroy(), far.destroy(), this.sockets.delete(socket)));
      }
      near.pipe(far).pipe(near);
    });
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
    this.server = server;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) =>
      this.server === undefined ? resolve(undefined) : this.server.close(resolve),
    );
    for (const socket of this.sockets) socket.destroy();
    await closed;
    this.server = undefined;
  }
}

/** A token of the plane's own with other claims, signed as the API server would. */
const withClaims = (plane: OwnPlane, token: string, claims: object): string => {
  const [head = '', body = ''] = token.split('.');
  const old = JSON.parse(Buffer.from(body, 'base64url').toString()) as object;
  const text = `${head}.${Buffer.from(JSON.stringify({ ...old, ...claims })).toString('base64url')}`;
  const key = createPrivateKey(readFileSync(join(plane.coordinates.directory, 'sa.key')));
  return `${text}.${sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
};

/** A value of /metrics. */
const metric = (text: string, series: string): number | undefined => {
  const line = text.split('\n').find((each) => each.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.split(' ').at(-1));
};

describeCluster('weka-operator manager, as a process', () => {
  let plane: OwnPlane;
  const holderOf = async (): Promise<string> => {
    const { spec } = (await plane.get('lease', LEADER_LEASE, '-n', NAMESPACE)) as {
      spec?: { holderIdentity?: string };
    };
    return spec?.holderIdentity ?? '';
  };
  const start = async (more: readonly string[] = []): Promise<ManagerProcess> =>
    startManager(await plane.kubeconfig(MANAGER), more);

  beforeAll(async () => {
    plane = await ownPlane();
    await registerNode(plane, 'node-1', '6.1.0-18-amd64');
  });
  afterEach(stopManagers);
  afterAll(() => plane.stop());

  test('waits for an API server that does not answer, then for CRDs that are missing, names both, and goes on', async () => {
    const relay = await Relay.to(plane.coordinates.server);
    const server = `https://127.0.0.1:${relay.port}`;
    const manager = await startManager(await plane.kubeconfig(MANAGER, { server }));
    await manager.waitsFor(
      new RegExp(`The API server at ${server} does not answer: .*ECONNREFUSED.*Check the address`),
    );
    expect(await manager.get('/healthz')).toEqual({ status: 200, body: 'ok\n' });
    await relay.open();
    await manager.waitsFor(
      /\[-\] cache WekaPolicy: The cluster does not know WekaPolicy of weka\.weka\.io\/v1alpha1\. .*kubectl apply --server-side -f crds\//,
    );
    await plane.installCrds();
    await manager.ready();
    expect((await manager.get('/readyz')).body).toMatch(/^\[\+\] cache WekaPolicy ok$/m);
    await relay.close();
    await eventually('the loss is told', async () => /does not answer/.test((await manager.get('/readyz')).body));
    await relay.open();
    await eventually('and its end', async () => !/does not answer/.test((await manager.get('/readyz')).body));
    expect(await manager.stop()).toBe(0);
    await relay.close();
  });

  describe('with the CRDs', () => {
    beforeAll(() => plane.installCrds());

    test('without any permission: each thing that it may not do is named, with verb and resource', async () => {
      const manager = await startManager(await plane.kubeconfig({ user: 'nobody', groups: [] }));
      await manager.waitsFor(
        /\[-\] cache WekaPolicy: The API server forbids list on wekapolicies\.weka\.weka\.io: .*"nobody"/,
      );
      await manager.waitsFor(
        /\[-\] leader: The API server forbids get on leases\.coordination\.k8s\.io: .*ClusterRole/,
      );
      expect(await manager.stop()).toBe(0);
    });

    test('an expired token: says so without showing it, and goes on when the file holds a new one', async () => {
      const token = (await plane.kubectl(['create', 'token', 'default', '-n', NAMESPACE])).stdout.trim();
      const second = Math.floor(Date.now() / 1000);
      const expired = withClaims(plane, token, { iat: second - 7200, nbf: second - 7200, exp: second - 3600 });
      const file = await plane.kubeconfig({ token: expired });
      const manager = await startManager(file);
      await manager.waitsFor(/does not accept the credential: .*Renew the token or client certificate/);
      expect(manager.log().some(({ code }) => code === 'ApiUnauthorized')).toBe(true);
      await copyFile(await plane.kubeconfig({ token: withClaims(plane, token, {}) }), file);
      await manager.ready();
      expect(await manager.stop()).toBe(0);
      for (const secret of [token, expired]) expect(manager.said()).not.toContain(secret.split('.')[2]);
      expect(manager.said()).not.toContain(token.split('.')[1]);
    });

    test('an expired client certificate, and an authority that is not known, are told apart', async () => {
      const late = await startManager(await plane.kubeconfig({ ...MANAGER, validForMs: -3_600_000 }));
      await late.waitsFor(/does not accept the credential/);
      const certificateAuthority = createAuthority('another').certificate;
      const astray = await startManager(await plane.kubeconfig(MANAGER, { certificateAuthority }));
      await astray.waitsFor(/is not trusted: .*certificate-authority-data/);
      expect([await late.stop(), await astray.stop()]).toEqual([0, 0]);
    });

    test('metrics carry the names of controller-runtime, and requests are counted', async () => {
      await plane.apply([policy('measured')]);
      const manager = await start();
      await manager.ready();
      const host = new URL(plane.coordinates.server).host;
      const { body } = await eventualMetrics(manager, (text) =>
        /reconcile_total\{controller="[^"]*policy[^"]*",result="(success|requeue_after)"\} [1-9]/i.test(text),
      );
      const { version } = JSON.parse(readFileSync(join(__dirname, '../../package.json'), 'utf8')) as {
        version: string;
      };
      expect(metric(body, `weka_operator_build_info{version="${version}",node_version="${process.version}"}`)).toBe(1);
      expect(metric(body, `rest_client_requests_total{method="GET",host="${host}",code="200"}`)).toBeGreaterThan(8);
      expect(body).toMatch(/^leader_election_master_status\{name="weka-operator"\} 1$/m);
      for (const name of [
        'controller_runtime_reconcile_time_seconds_bucket',
        'controller_runtime_max_concurrent_reconciles',
        'workqueue_depth',
        'workqueue_adds_total',
        'process_cpu_seconds_total',
      ])
        expect(body).toContain(`\n${name}`);
      expect(await manager.stop()).toBe(0);
    });

    test('a second one stands by, and takes over as soon as the first is told to end', async () => {
      const first = await start();
      await first.ready();
      await eventually('the first leads', () => Promise.resolve(first.log().some(({ msg }) => msg === 'Leading')));
      const holder = await holderOf();
      const second = await start();
      await second.ready();
      expect((await second.get('/readyz')).body).toContain(`[+] leader: standing by, ${holder} leads`);
      expect((await second.get('/metrics')).body).toMatch(/leader_election_master_status\{name="weka-operator"\} 0/);
      const told = Date.now();
      expect(await first.stop()).toBe(0);
      expect(first.log().map(({ msg }) => msg)).toEqual(expect.arrayContaining(['Stopping', 'Released']));
      await eventually('the second leads', () => Promise.resolve(second.log().some(({ msg }) => msg === 'Leading')));
      // The Lease would have run out after 15 s: it was given back.
      expect(Date.now() - told).toBeLessThan(10_000);
      expect(await second.stop()).toBe(0);
      expect(await holderOf()).toBe('');
    });

    test('log lines are JSON with the fixed keys in front', async () => {
      const manager = await start(['--log-level', 'debug']);
      await manager.ready();
      await eventually('it works', () => Promise.resolve(manager.log().some(({ msg }) => msg === 'Reconciling')));
      await plane.apply([policy('logged')]);
      await eventually('a round is told', () =>
        Promise.resolve(manager.log().some(({ reconcileId }) => reconcileId !== undefined)),
      );
      expect(await manager.stop()).toBe(0);
      for (const line of manager.log()) {
        expect(Object.keys(line).slice(0, 3)).toEqual(['ts', 'level', 'msg']);
        expect(String(line['ts'])).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
      }
      const rounds = manager.log().filter(({ reconcileId }) => reconcileId !== undefined);
      for (const line of rounds)
        expect(Object.keys(line).filter((key) => FIXED.includes(key))).toEqual(
          FIXED.filter((key) => line[key] !== undefined),
        );
      expect(manager.said()).not.toMatch(/PRIVATE KEY|BEGIN CERTIFICATE|Bearer /);
    });

    test('a CRD of an older version: its kind and the missing field are named; a new one cures it', async () => {
      const crd = parse(readFileSync(join(CRD_DIRECTORY, 'weka.weka.io_wekapolicies.yaml'), 'utf8')) as JsonObject;
      await plane.apply([withoutStatusField(crd, 'progress')]);
      const manager = await start();
      await plane.apply([policy('outdated')]);
      await manager.waitsFor(
        /\[-\] controller .*: The CRD of WekaPolicy is older than this operator: it lacks .*progress.*kubectl apply --server-side -f crds\//,
      );
      expect(manager.log().some(({ code, kind }) => code === 'CrdOutdated' && kind === 'WekaPolicy')).toBe(true);
      await plane.installCrds();
      await manager.ready();
      await eventually(
        'a status',
        async () => (await plane.get('wekapolicy', 'outdated', '-n', NAMESPACE)).status !== undefined,
      );
      expect(await manager.stop()).toBe(0);
    });

    test('a health address that is taken, and a kubeconfig that is not there, end it with a message', async () => {
      const first = await start();
      const port = /on port (\d+)/.exec(first.said())?.[1];
      await expect(start(['--health-address', `127.0.0.1:${port}`])).rejects.toThrow(
        /another process listens there.*AddressUnusable.*\n.*remedy/s,
      );
      await expect(startManager(join(plane.coordinates.directory, 'none'))).rejects.toThrow(
        /ApiUnauthorized.*\n.*remedy/s,
      );
      expect(await first.stop()).toBe(0);
    });
  });
});

const FIXED = ['controller', 'kind', 'namespace', 'name', 'reconcileId', 'node'];

const eventualMetrics = async (
  manager: ManagerProcess,
  holds: (text: string) => boolean,
): Promise<{ readonly body: string }> => {
  let last = { status: 0, body: '' };
  await eventually('metrics', async () => holds((last = await manager.get('/metrics')).body));
  return last;
};

/** The CRD as a version had it that did not know the field. */
const withoutStatusField = (crd: JsonObject, field: string): JsonObject =>
  JSON.parse(JSON.stringify(crd), function (this: unknown, key: string, value: unknown) {
    if (key !== 'status' || typeof value !== 'object' || value === null || !('properties' in value)) return value;
    const { [field]: _gone, ...properties } = value.properties as JsonObject;
    return { ...value, properties };
  }) as JsonObject;
