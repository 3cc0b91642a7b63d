import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import type { AddressInfo, Server, Socket } from 'node:net';
import { connect as dial, createServer } from 'node:net';
import { join } from 'node:path';
import tls from 'node:tls';
import { connect } from '../../controllers/kube/connect';
import type { RestClient } from '../../controllers/kube/rest-client';
import { systemClock } from '../../controllers/runtime/clock';
import { WatchedCaches } from '../../controllers/runtime/watched-caches';
import type { Manifest } from '../../lib/base/kube-object';
import { request } from './api-request';
import type { Credential } from './certificates';
import { createAuthority, issue } from './certificates';
import type { Coordinates } from './coordinates';
import { AUTHORITY, clientCertificate, kubeconfigOf } from './coordinates';
import { describeCluster, eventually } from './harness';
import { ownPlane } from './own-plane';
import type { OwnPlane } from './own-plane';

jest.setTimeout(240_000);

const CONFIG_MAP = { apiVersion: 'v1', kind: 'ConfigMap' } as const;
const ADMIN = { user: 'watcher', groups: ['system:masters'] };
const NAMESPACE = 'watched';

/** A watcher of the ConfigMaps of one namespace, and everything its listeners heard. */
class Follower {
  readonly heard: string[] = [];
  private constructor(
    readonly client: RestClient,
    readonly caches: WatchedCaches,
  ) {}

  static async start(kubeconfig: string): Promise<Follower> {
    const client = await connect({ kubeconfig });
    const caches = new WatchedCaches({
      client,
      clock: systemClock,
      random: { next: () => 0.5 },
      isNamespaced: () => true,
      namespaces: [NAMESPACE],
    });
    const follower = new Follower(client, caches);
    caches.add({ type: CONFIG_MAP }).subscribe(({ type, object: { metadata } }) => {
      if (metadata.name !== 'kube-root-ca.crt')
        follower.heard.push(`${type} ${metadata.name} ${metadata.resourceVersion}`);
    });
    caches.start();
    await eventually('the first list', () => Promise.resolve(caches.synced));
    return follower;
  }

  get names(): readonly string[] {
    return this.caches
      .list(CONFIG_MAP)
      .map(({ metadata }) => metadata.name)
      .filter((name) => name !== 'kube-root-ca.crt');
  }

  async stop(): Promise<void> {
    await this.caches.stop();
    this.client.close();
  }
}

const configMap = (name: string): Manifest => ({ ...CONFIG_MAP, metadata: { name, namespace: NAMESPACE } });
const descriptors = (): number => readdirSync('/proc/self/fd').length;
describeCluster('watching a real API server through its troubles', () => {
  let plane: OwnPlane;
  let admin: RestClient;
  let follower: Follower | undefined;
  beforeAll(async () => {
    plane = await ownPlane();
    await plane.kubectl(['create', 'namespace', NAMESPACE]);
    admin = await connect({ kubeconfig: plane.coordinates.kubeconfig });
  });
  afterAll(async () => {
    admin.close();
    const gone = restarted.map((child) => new Promise((resolve) => child.once('exit', resolve)));
    for (const child of restarted) child.kill('SIGKILL');
    await Promise.all(gone);
    await plane.stop();
  });
  afterEach(async () => {
    await follower?.stop();
    follower = undefined;
    for (const cable of cables.splice(0)) await cable.remove();
    await plane.kubectl(['delete', 'configmap', '--all', '-n', NAMESPACE]);
  });

  const directory = (): Promise<string> => mkdtemp(join(plane.coordinates.directory, 'watch-'));
  const make = (...names: readonly string[]): Promise<unknown> =>
    Promise.all(names.map((name) => admin.create(configMap(name))));
  const sees = (...names: readonly string[]): Promise<void> =>
    eventually(
      `the cache shows ${names.join(', ')}`,
      () => Promise.resolve(JSON.stringify(follower?.names) === JSON.stringify([...names].sort())),
      90_000,
    );
  /** Every version of every object at most once, every object made once. */
  const nothingTwice = (): void => {
    const heard = follower?.heard ?? [];
    expect(heard).toEqual([...new Set(heard)]);
    const added = heard.filter((entry) => entry.startsWith('ADDED')).map((entry) => entry.split(' ')[1]);
    expect(added).toEqual([...new Set(added)]);
  };

  test('kube-apiserver killed and restarted in the middle of a watch', async () => {
    follower = await Follower.start(plane.coordinates.kubeconfig);
    await make('a', 'b');
    await sees('a', 'b');
    const before = descriptors();
    const restart = await killApiServer(plane.coordinates);
    await expect(admin.get({ ...CONFIG_MAP, namespace: NAMESPACE, name: 'a' })).rejects.toMatchObject({
      code: 'ApiUnreachable',
    });
    await restart();
    await make('c');
    await admin.delete(
      { ...CONFIG_MAP, namespace: NAMESPACE, name: 'a' },
      {
        uid: (await admin.get({ ...CONFIG_MAP, namespace: NAMESPACE, name: 'a' }))!.metadata.uid,
        propagation: 'Background',
      },
    );
    await sees('b', 'c');
    nothingTwice();
    expect(descriptors()).toBeLessThanOrEqual(before + 2);
  });

  test('connections cut twenty times while objects are made: all are seen, once, and no descriptor is left', async () => {
    const cable = await Cable.to(plane.coordinates.server);
    follower = await Follower.start(await kubeconfigFile({ server: cable.url }));
    await make('start');
    await sees('start');
    const before = descriptors();
    const names = ['start'];
    for (let turn = 0; turn < 20; turn++) {
      const name = `made-${String(turn).padStart(2, '0')}`;
      names.push(name);
      if (turn % 2 === 0) cable.cut();
      await make(name);
      if (turn % 2 === 1) cable.cut();
    }
    await sees(...names);
    nothingTwice();
    await eventually('descriptors are back', () => Promise.resolve(descriptors() <= before + 2));
  });

  test('a token that is no longer good, and its successor in the file', async () => {
    await plane.apply([
      { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'anchor', namespace: NAMESPACE } },
      binding('token-watcher', { kind: 'ServiceAccount', name: 'default', namespace: NAMESPACE }),
    ]);
    const bound = ['--bound-object-kind', 'Secret', '--bound-object-name', 'anchor'];
    const token = async (...more: readonly string[]): Promise<string> =>
      (await plane.kubectl(['create', 'token', 'default', '-n', NAMESPACE, ...more])).stdout.trim();
    const first = await token(...bound);
    const file = join(await directory(), 'token');
    await writeFile(file, `${first}\n`);
    const cable = await Cable.to(plane.coordinates.server);
    follower = await Follower.start(await kubeconfigFile({ server: cable.url }, { tokenFile: file }));
    await make('a');
    await sees('a');

    await plane.kubectl(['delete', 'secret', 'anchor', '-n', NAMESPACE]);
    const old = await connect({ kubeconfig: await kubeconfigFile({}, { token: first }) });
    const look = () =>
      old.get({ ...CONFIG_MAP, namespace: NAMESPACE, name: 'a' }).then(
        () => 'fine',
        (thrown: { code?: string }) => thrown.code,
      );
    await eventually('the first token is refused', async () => (await look()) === 'ApiUnauthorized', 60_000);
    old.close();
    cable.cut();
    await eventually('the watcher says so', () =>
      Promise.resolve(follower?.caches.states()[0]?.waitingFor?.code === 'ApiUnauthorized'),
    );
    await make('b');
    await writeFile(file, `${await token()}\n`);
    await sees('a', 'b');
    expect(follower.caches.states()[0]?.waitingFor).toBeUndefined();
    nothingTwice();
  });

  test('a client certificate that expires, and its successor on disk', async () => {
    const place = await directory();
    const write = async (validForMs: number): Promise<void> => {
      const { certificate, key } = clientCertificate(plane.coordinates, { ...ADMIN, validForMs });
      await writeFile(join(place, 'client.key'), key);
      await writeFile(join(place, 'client.crt'), certificate);
    };
    await write(6_000);
    const cable = await Cable.to(plane.coordinates.server);
    const user = { 'client-certificate': join(place, 'client.crt'), 'client-key': join(place, 'client.key') };
    follower = await Follower.start(await kubeconfigFile({ server: cable.url }, user));
    await make('a');
    await sees('a');
    await new Promise((resolve) => setTimeout(resolve, 7_000));
    cable.cut();
    await eventually('the watcher says so', () =>
      Promise.resolve(follower?.caches.states()[0]?.waitingFor?.code === 'ApiUnauthorized'),
    );
    await make('b');
    await write(3_600_000);
    await sees('a', 'b');
    nothingTwice();
  });

  test('another authority signs the serving certificate, and its certificate on disk follows', async () => {
    const place = await directory();
    const authorityFile = join(place, 'ca.crt');
    await writeFile(authorityFile, plane.coordinates.authority.certificate);
    const cable = await Cable.to(plane.coordinates.server);
    follower = await Follower.start(
      await kubeconfigFile({
        server: cable.url,
        'certificate-authority': authorityFile,
        'certificate-authority-data': undefined,
      }),
    );
    await make('a');
    await sees('a');
    const next = createAuthority(AUTHORITY.commonName);
    const restore = await serveWith(plane.coordinates, next);
    try {
      await eventually('the new certificate is served', () => serves(next), 90_000);
      cable.cut();
      await eventually('the watcher says so', () =>
        Promise.resolve(follower?.caches.states()[0]?.waitingFor?.code === 'ApiUntrusted'),
      );
      await writeFile(authorityFile, next.certificate);
      await eventually(
        'it watches again',
        () => Promise.resolve(follower?.caches.states()[0]?.waitingFor === undefined),
        60_000,
      );
    } finally {
      await restore();
    }
    await writeFile(authorityFile, `${next.certificate}${plane.coordinates.authority.certificate}`);
    await eventually('the old certificate is served', () => serves(plane.coordinates.authority), 90_000);
    await make('b');
    await sees('a', 'b');
    nothingTwice();
  });

  const serves = async (authority: Credential): Promise<boolean> =>
    new X509Certificate(await served(plane.coordinates.server)).verify(
      new X509Certificate(authority.certificate).publicKey,
    );
  const credentialOf = (identity: { user: string; groups?: readonly string[] }): object => {
    const { certificate, key } = clientCertificate(plane.coordinates, identity);
    const data = (text: string): string => Buffer.from(text).toString('base64');
    return { 'client-certificate-data': data(certificate), 'client-key-data': data(key) };
  };
  /** A kubeconfig of the administrator, with other entries for the cluster or the user. */
  const kubeconfigFile = async (cluster: object = {}, user: object = credentialOf(ADMIN)): Promise<string> => {
    const config = JSON.parse(kubeconfigOf(plane.coordinates, ADMIN)) as {
      clusters: [{ cluster: object }];
      users: [{ user: object }];
    };
    config.clusters[0].cluster = { ...config.clusters[0].cluster, ...cluster };
    config.users[0].user = user;
    const file = join(await directory(), 'kubeconfig');
    await writeFile(file, JSON.stringify(config));
    return file;
  };
});

const binding = (name: string, subject: object): object => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRoleBinding',
  metadata: { name },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
  subjects: [subject],
});

/** The certificate that a server presents, PEM or DER. */
const served = (server: string): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(server);
    const socket = tls.connect({ host: hostname, port: Number(port), rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().raw);
      socket.destroy();
    });
    socket.once('error', reject);
  });

/** Puts a serving certificate of `authority` where the API server reads it; the result puts the former back. */
const serveWith = async ({ directory }: Coordinates, authority: Credential): Promise<() => Promise<void>> => {
  const hosts = ['127.0.0.1', 'localhost'];
  const next = issue(authority, AUTHORITY, { subject: { commonName: 'kube-apiserver' }, hosts });
  const [certificate, key] = ['apiserver.crt', 'apiserver.key'].map((name) => join(directory, name)) as [
    string,
    string,
  ];
  const before: Credential = { certificate: await readFile(certificate, 'utf8'), key: await readFile(key, 'utf8') };
  const put = async (pair: Credential): Promise<void> => {
    await writeFile(key, pair.key);
    await writeFile(certificate, pair.certificate);
  };
  await put(next);
  return () => put(before);
};

/** Those of the present test. */
const cables: Cable[] = [];

/** A connection to a server that can be cut: all that go through it at once. */
class Cable {
  private readonly sockets = new Set<Socket>();
  private constructor(private readonly server: Server) {}

  static async to(target: string): Promise<Cable> {
    const { hostname, port } = new URL(target);
    const server = createServer();
    const cable = new Cable(server);
    cables.push(cable);
    server.on('connection', (near) => {
      const far = dial(Number(port), hostname);
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        cable.sockets.add(one);
        one.on('error', () => undefined);
        one.on('close', () => {
          cable.sockets.delete(one);
          other.destroy();
        });
      }
      near.pipe(far).pipe(near);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return cable;
  }

  get url(): string {
    return `https://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  cut(): void {
    for (const socket of this.sockets) socket.resetAndDestroy();
  }

  async remove(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

/** What was started again; ended with the suite. */
const restarted: ChildProcess[] = [];

/** Kills kube-apiserver without warning; the result starts it again, as it was, and waits until it is ready. */
const killApiServer = async (coordinates: Coordinates): Promise<() => Promise<void>> => {
  const list = join(coordinates.directory, 'servers.pid');
  const pids = (await readFile(list, 'utf8')).split('\n').map(Number);
  const commands = pids.map((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1));
  const index = commands.findIndex(([program]) => program?.endsWith('/kube-apiserver') === true);
  const [program = '', ...given] = commands[index] ?? [];
  process.kill(pids[index] ?? 0, 'SIGKILL');
  return async () => {
    const child = spawn(program, given, { stdio: 'ignore', detached: true });
    restarted.push(child);
    // Whoever cleans up after a crash of ours finds it here.
    await writeFile(list, [...pids, child.pid].join('\n'));
    await eventually(
      'the API server is ready',
      async () => (await request(coordinates, { method: 'GET', path: '/readyz' })).status === 200,
      90_000,
    );
  };
};
