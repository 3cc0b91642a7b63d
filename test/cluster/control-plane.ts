import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { request } from './api-request';
import type { Program } from './binaries';
import { createAuthority, issue, newKeyPair } from './certificates';
import type { Coordinates } from './coordinates';
import { AUTHORITY, clientCertificate, kubeconfigOf } from './coordinates';

/** Directories of control planes start with this; what a crash leaves behind is found by it. */
export const DIRECTORY_PREFIX = 'weka-operator-control-plane-';

/** A running control plane. */
export interface ControlPlane {
  readonly coordinates: Coordinates;
  /** Stops the servers, the store last, and removes the directory. Never rejects; safe to call twice. */
  stop(): Promise<void>;
}

/** Where the API server listens by default: nobody but this machine reaches it. */
const LOOPBACK = '127.0.0.1';

/**
 * Starts etcd, kube-apiserver, kube-controller-manager and kube-scheduler on free ports, everything they write in one
 * temporary directory. `address`: of the API server; another than loopback makes it one that nodes can join and that
 * reaches their kubelets. Resolves when `/readyz` says ok and the ServiceAccount `default`
 * exists. Rejects, with nothing left behind, naming the server that failed and the end of its log.
 */
export const startControlPlane = async (binaries: string, address = LOOPBACK): Promise<ControlPlane> => {
  const directory = await mkdtemp(join(tmpdir(), DIRECTORY_PREFIX));
  const servers: Server[] = [];
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopping ??= stopAll(servers, directory));
  try {
    const layout = await prepare(directory, { binaries, address });
    await writeFile(join(directory, 'keeper.pid'), String(process.pid));
    for (const [name, args] of commandLines(layout)) {
      servers.push(startServer(layout, name, args));
      await writeFile(join(directory, 'servers.pid'), servers.map((server) => server.process.pid).join('\n'));
      // The last two give up when the API server lets nobody in for 20 s, which on a busy machine is how long it may take.
      if (name === 'kube-apiserver')
        await Promise.race([untilAnswers(layout.coordinates, '/readyz'), ...servers.map(failure)]);
    }
    await Promise.race([untilAnswers(layout.coordinates, DEFAULT_ACCOUNT), ...servers.map(failure)]);
    await writeFile(join(directory, 'coordinates.json'), JSON.stringify(layout.coordinates));
    return { coordinates: layout.coordinates, stop };
  } catch (error) {
    await stop();
    throw error;
  }
};

interface Layout {
  readonly directory: string;
  readonly binaries: string;
  readonly etcd: string;
  readonly etcdPeer: string;
  readonly coordinates: Coordinates;
}

const AUDIT_POLICY = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
omitManagedFields: true
rules: [{ level: Metadata }]
`;

const prepare = async (
  directory: string,
  { binaries, address }: { readonly binaries: string; readonly address: string },
): Promise<Layout> => {
  const [etcd, etcdPeer, secure] = await freePorts(3);
  const inside = (name: string): string => join(directory, name);
  const coordinates: Coordinates = {
    server: `https://${address}:${secure}`,
    etcd: `http://127.0.0.1:${etcd}`,
    directory,
    binaries,
    kubeconfig: inside('admin.kubeconfig'),
    auditLog: inside('audit.log'),
    authority: createAuthority(AUTHORITY.commonName),
  };
  const serviceAccounts = newKeyPair();
  const hosts = [
    address,
    LOOPBACK,
    'localhost',
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    '10.96.0.1',
  ];
  const serving = issue(coordinates.authority, AUTHORITY, { subject: { commonName: 'kube-apiserver' }, hosts });
  const toKubelets = clientCertificate(coordinates, { user: 'kube-apiserver', groups: ['system:masters'] });
  await mkdir(inside('logs'));
  const files: Record<string, string> = {
    'ca.crt': coordinates.authority.certificate,
    'apiserver.crt': serving.certificate,
    'apiserver.key': serving.key,
    'kubelet-client.crt': toKubelets.certificate,
    'kubelet-client.key': toKubelets.key,
    'sa.pub': serviceAccounts.publicKey,
    'sa.key': serviceAccounts.privateKey,
    'audit-policy.yaml': AUDIT_POLICY,
    'audit.log': '',
    'admin.kubeconfig': kubeconfigOf(coordinates, { user: 'admin', groups: ['system:masters'] }),
    'kube-controller-manager.kubeconfig': kubeconfigOf(coordinates, { user: 'system:kube-controller-manager' }),
    'kube-scheduler.kubeconfig': kubeconfigOf(coordinates, { user: 'system:kube-scheduler' }),
  };
  for (const [name, text] of Object.entries(files)) await writeFile(inside(name), text, { mode: 0o600 });
  return {
    directory,
    binaries,
    etcd: `http://127.0.0.1:${etcd}`,
    etcdPeer: `http://127.0.0.1:${etcdPeer}`,
    coordinates,
  };
};

/** Ports that were free a moment ago, each another: all are held until the last one is known. */
const freePorts = async (count: number): Promise<number[]> => {
  const listeners = await Promise.all(
    Array.from({ length: count }, async () => {
      const listener = createServer();
      await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
      return listener;
    }),
  );
  const ports = listeners.map((listener) => (listener.address() as { port: number }).port);
  await Promise.all(listeners.map((listener) => new Promise((resolve) => listener.close(resolve))));
  return ports;
};

const commandLines = (layout: Layout): [Program, string[]][] => {
  const inside = (name: string): string => join(layout.directory, name);
  return [
    [
      'etcd',
      [
        ...['--name=default', `--data-dir=${inside('etcd')}`, '--unsafe-no-fsync', '--log-level=warn'],
        ...[`--listen-client-urls=${layout.etcd}`, `--advertise-client-urls=${layout.etcd}`],
        ...[`--listen-peer-urls=${layout.etcdPeer}`, `--initial-advertise-peer-urls=${layout.etcdPeer}`],
        `--initial-cluster=default=${layout.etcdPeer}`,
      ],
    ],
    ['kube-apiserver', apiserverFlags(layout)],
    [
      'kube-controller-manager',
      [
        ...[`--kubeconfig=${inside('kube-controller-manager.kubeconfig')}`, '--leader-elect=false', '--secure-port=0'],
        ...[`--service-account-private-key-file=${inside('sa.key')}`, `--root-ca-file=${inside('ca.crt')}`],
        '--use-service-account-credentials',
      ],
    ],
    [
      'kube-scheduler',
      [`--kubeconfig=${inside('kube-scheduler.kubeconfig')}`, '--leader-elect=false', '--secure-port=0'],
    ],
  ];
};

const apiserverFlags = (layout: Layout): string[] => {
  const inside = (name: string): string => join(layout.directory, name);
  return [
    `--etcd-servers=${layout.etcd}`,
    ...[`--bind-address=${new URL(layout.coordinates.server).hostname}`],
    `--secure-port=${new URL(layout.coordinates.server).port}`,
    ...reachability(layout),
    ...[`--tls-cert-file=${inside('apiserver.crt')}`, `--tls-private-key-file=${inside('apiserver.key')}`],
    `--client-ca-file=${inside('ca.crt')}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${inside('sa.pub')}`,
    `--service-account-signing-key-file=${inside('sa.key')}`,
    ...['--service-cluster-ip-range=10.96.0.0/16', '--authorization-mode=Node,RBAC', '--allow-privileged'],
    ...[`--audit-policy-file=${inside('audit-policy.yaml')}`, `--audit-log-path=${layout.coordinates.auditLog}`],
  ];
};

/** How others find the API server, and it the kubelets. */
const reachability = (layout: Layout): string[] => {
  const { hostname } = new URL(layout.coordinates.server);
  // A loopback address may not stand in the Endpoints of Service kubernetes.
  if (hostname === LOOPBACK) return [`--advertise-address=${LOOPBACK}`, '--endpoint-reconciler-type=none'];
  const inside = (name: string): string => join(layout.directory, name);
  return [
    `--advertise-address=${hostname}`,
    ...[
      `--kubelet-client-certificate=${inside('kubelet-client.crt')}`,
      `--kubelet-client-key=${inside('kubelet-client.key')}`,
    ],
    '--kubelet-preferred-address-types=InternalIP',
  ];
};

interface Server {
  readonly name: Program;
  readonly process: ChildProcess;
  readonly log: string;
  /** Resolves when the process is gone, with what it said of itself. */
  readonly gone: Promise<string>;
}

const startServer = (layout: Layout, name: Program, args: readonly string[]): Server => {
  const log = join(layout.directory, 'logs', `${name}.log`);
  const descriptor = openSync(log, 'a');
  // A group of its own: Ctrl-C in a terminal must not reach the store before those that depend on it.
  const child = spawn(join(layout.binaries, name), args, { stdio: ['ignore', descriptor, descriptor], detached: true });
  closeSync(descriptor);
  const gone = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(`exit code ${code ?? signal}`));
  });
  return { name, process: child, log, gone };
};

const failure = async (server: Server): Promise<never> => {
  const how = await server.gone;
  const log = await readFile(server.log, 'utf8').catch(() => '');
  throw new Error(`${server.name} ended while starting (${how}):\n${log.trim().split('\n').slice(-8).join('\n')}`);
};

/** How long a start may take: a busy machine needs several times what an idle one does. */
const READY_MS = 120_000;

const DEFAULT_ACCOUNT = '/api/v1/namespaces/default/serviceaccounts/default';

const untilAnswers = async (coordinates: Coordinates, path: string): Promise<void> => {
  const deadline = Date.now() + READY_MS;
  for (;;) {
    const answer = await request(coordinates, { method: 'GET', path }).catch((error: Error) => error);
    if (!(answer instanceof Error) && answer.status === 200) return;
    if (Date.now() > deadline) throw new Error(`the control plane is not ready after ${READY_MS / 1000} s: ${path}`);
    await wait(100);
  }
};

/** How long a server may take to stop by itself. */
const STOP_MS = 5_000;

const stopAll = async (servers: readonly Server[], directory: string): Promise<void> => {
  // The store last: an API server without one never finishes, and keeps answering on its port.
  for (const server of [...servers].reverse()) await stopServer(server);
  await rm(directory, { recursive: true, force: true, maxRetries: 3 });
};

const stopServer = async (server: Server): Promise<void> => {
  server.process.kill('SIGTERM');
  const patience = new AbortController();
  const killed = wait(STOP_MS, undefined, { signal: patience.signal }).then(
    () => server.process.kill('SIGKILL'),
    () => undefined,
  );
  await server.gone;
  patience.abort();
  await killed;
};
