import { createPrivateKey, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import type { JsonObject } from '../../lib/base/json';
import { request as apiRequest } from './api-request';
import { describeCluster, eventually } from './harness';
import type { ManagerProcess } from './manager-process';
import { startManager, stopManagers } from './manager-process';
import type { OwnPlane } from './own-plane';
import { MANAGER, MANAGERS, NAMESPACE, ownPlane, registerNode } from './own-plane';

jest.setTimeout(300_000);

interface Answer {
  readonly status: number;
  readonly body: string;
}

const said = ({ status, body }: Answer): string => `${status} ${body}`.trim();

/** A call over TLS, trusting `ca` alone. */
const call = (
  url: string,
  ca: string,
  { token, method = 'GET', body = '' }: { token?: string; method?: string; body?: string },
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const headers = {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      'content-length': Buffer.byteLength(body),
    };
    const sent = request(url, { method, ca, agent: false, headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.once('end', () => resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
    });
    sent.once('error', reject);
    sent.end(body);
  });

/** A token of the plane's own with other claims, signed as the API server would. */
const withClaims = (plane: OwnPlane, token: string, claims: object): string => {
  const [head = '', payload = ''] = token.split('.');
  const old = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
  const text = `${head}.${Buffer.from(JSON.stringify({ ...old, ...claims })).toString('base64url')}`;
  const key = createPrivateKey(readFileSync(join(plane.coordinates.directory, 'sa.key')));
  return `${text}.${sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
};

describeCluster('agents at the gateway of a manager process, with tokens of a real API server', () => {
  let plane: OwnPlane;
  let manager: ManagerProcess;
  let ca: string;
  let pod: { name: string; uid: string };

  /** A token as the kubelet would get it for a Pod. */
  const tokenFor = async (
    bound: { name: string; uid: string } | undefined,
    audience = 'weka-operator',
  ): Promise<string> => {
    const boundObjectRef = bound === undefined ? undefined : { kind: 'Pod', apiVersion: 'v1', ...bound };
    const wish = { spec: { audiences: [audience], expirationSeconds: 600, boundObjectRef } };
    const path = `/api/v1/namespaces/${NAMESPACE}/serviceaccounts/default/token`;
    const answer = await apiRequest(plane.coordinates, { method: 'POST', path, body: JSON.stringify(wish) });
    const { status } = JSON.parse(answer.text) as { status?: { token?: string } };
    if (status?.token === undefined) throw new Error(answer.text);
    return status.token;
  };
  const podOf = async (name: string): Promise<{ name: string; uid: string } | undefined> => {
    const { code, stdout } = await plane.kubectl(['get', 'pod', name, '-n', NAMESPACE, '-o', 'json'], {
      mayFail: true,
    });
    if (code !== 0) return undefined;
    const { metadata, spec } = JSON.parse(stdout) as { metadata: { uid: string }; spec: { nodeName?: string } };
    return spec.nodeName === undefined ? undefined : { name, uid: metadata.uid };
  };
  /** Puts a Pod on the node, as the scheduler would on one that had room. */
  const onNode = async (name: string): Promise<{ name: string; uid: string } | undefined> => {
    const target = { apiVersion: 'v1', kind: 'Node', name: 'node-1' };
    const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name }, target };
    const path = `/api/v1/namespaces/${NAMESPACE}/pods/${name}/binding`;
    await apiRequest(plane.coordinates, { method: 'POST', path, body: JSON.stringify(binding) });
    return podOf(name);
  };
  const gatewayOf = (process: ManagerProcess): string =>
    `https://localhost:${/agents on port (\d+)/.exec(process.said())?.[1]}`;
  const ask = (token?: string, process = manager): Promise<Answer> =>
    call(`${gatewayOf(process)}/v1/desired`, ca, token === undefined ? {} : { token });

  beforeAll(async () => {
    plane = await ownPlane();
    await plane.installCrds();
    await registerNode(plane, 'node-1', '6.1.0-18-amd64');
    manager = await startManager(await plane.kubeconfig(MANAGER));
    await manager.ready();
    await eventually('the CA is made', async () => {
      const found = await plane.kubectl(['get', 'secret', 'weka-operator-ca', '-n', NAMESPACE, '-o', 'json'], {
        mayFail: true,
      });
      if (found.code !== 0) return false;
      const { data } = JSON.parse(found.stdout) as { data: Record<string, string> };
      const name = Object.keys(data).find((key) => key.endsWith('.crt')) ?? '';
      ca = Buffer.from(data[name] ?? '', 'base64').toString();
      return true;
    });
    await plane.apply([
      {
        apiVersion: 'weka.weka.io/v1alpha1',
        kind: 'WekaContainer',
        metadata: { name: 'dist', namespace: NAMESPACE },
        spec: {
          mode: 'drivers-dist',
          image: 'registry.example/weka:4.4.5',
          name: 'dist',
          agentPort: 60001,
          port: 60002,
          numCores: 1,
        },
      },
    ]);
    await eventually(
      'its Pod is made, and has a node',
      async () => {
        const found = await onNode('dist');
        if (found !== undefined) pod = found;
        return found !== undefined;
      },
      90_000,
    );
  });
  afterAll(async () => {
    await stopManagers();
    await plane.stop();
  });

  test('the agent of a Pod that the operator made is served, and the role of the manager is enough for that', async () => {
    const token = await tokenFor(pod);
    await eventually('its Pod is in the cache', async () => [200, 204].includes((await ask(token)).status));
    const document = {
      schema: 1,
      kind: 'DistObserved',
      revision: '',
      body: { packages: [], certificateRequest: '', full: false },
    };
    const observed = await call(`${gatewayOf(manager)}/v1/observed`, ca, {
      token,
      method: 'PUT',
      body: JSON.stringify(document),
    });
    expect(said(observed)).toBe('204');
  });

  test('its token is of no use at the API server itself', async () => {
    const authority = plane.coordinates.authority.certificate;
    const answer = await call(`${plane.coordinates.server}/api/v1/namespaces/${NAMESPACE}/pods`, authority, {
      token: await tokenFor(pod),
    });
    expect(answer.status).toBe(401);
  });

  test('other tokens are refused, each for its own reason', async () => {
    const good = await tokenFor(pod);
    const forged = `${good.slice(0, good.lastIndexOf('.'))}.${Buffer.alloc(64, 1).toString('base64url')}`;
    const second = Math.floor(Date.now() / 1000);
    const expired = withClaims(plane, good, { iat: second - 7200, nbf: second - 7200, exp: second - 1 });
    const server = JSON.parse(
      Buffer.from((await tokenFor(pod)).split('.')[1] ?? '', 'base64url').toString(),
    ) as JsonObject;
    const refusals = {
      none: await ask(),
      forged: await ask(forged),
      expired: await ask(expired),
      forTheApiServer: await ask(await tokenFor(pod, server['iss'] as string)),
      boundToNoPod: await ask(await tokenFor(undefined)),
    };
    expect(Object.fromEntries(Object.entries(refusals).map(([name, answer]) => [name, said(answer)]))).toEqual({
      none: '401 a bearer token is needed',
      forged: '401 the token is not valid',
      expired: '401 the token is not valid',
      forTheApiServer: '401 the token is not valid',
      boundToNoPod: '401 the token is not bound to a Pod',
    });
  });

  test('a Pod that somebody else made gets nothing, with a genuine token of the right audience', async () => {
    await plane.apply([
      {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: {
          name: 'foreign',
          namespace: NAMESPACE,
          labels: { 'app.kubernetes.io/created-by': 'weka-operator' },
        },
        spec: { nodeName: 'node-1', containers: [{ name: 'a', image: 'a' }] },
      },
    ]);
    const foreign = await podOf('foreign');
    const token = await tokenFor(foreign);
    await eventually('it is in the cache', async () => /not one that the operator made/.test((await ask(token)).body));
    expect((await ask(token)).status).toBe(403);
  });

  test('a token that is replayed after its Pod has gone is refused by the operator and by the API server', async () => {
    await plane.apply([
      {
        apiVersion: 'weka.weka.io/v1alpha1',
        kind: 'WekaContainer',
        metadata: { name: 'short', namespace: NAMESPACE },
        spec: {
          mode: 'drivers-dist',
          image: 'registry.example/weka:4.4.5',
          name: 'short',
          agentPort: 60001,
          port: 60002,
          numCores: 1,
        },
      },
    ]);
    let short: { name: string; uid: string } | undefined;
    await eventually(
      'its Pod is made, and has a node',
      async () => (short = await onNode('short')) !== undefined,
      90_000,
    );
    const token = await tokenFor(short);
    await eventually('it is served', async () => [200, 204].includes((await ask(token)).status));
    await plane.kubectl(['delete', 'pod', 'short', '-n', NAMESPACE, '--grace-period=0', '--force']);
    await eventually('it is refused', async () => [401, 403].includes((await ask(token)).status));
    const review = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenReview',
      spec: { token, audiences: ['weka-operator'] },
    };
    await eventually(
      'the API server refuses it too',
      async () => {
        const path = '/apis/authentication.k8s.io/v1/tokenreviews';
        const answer = await apiRequest(plane.coordinates, { method: 'POST', path, body: JSON.stringify(review) });
        return !(JSON.parse(answer.text) as { status: { authenticated?: boolean } }).status.authenticated;
      },
      90_000,
    );
  });

  test('another replica stands by: it reads the CA, and sends agents away', async () => {
    const standby = await startManager(await plane.kubeconfig(MANAGER));
    await standby.ready();
    const token = await tokenFor(pod);
    await eventually('it says so', async () => (await ask(token, standby)).body.includes('another replica'));
    expect((await ask(token, standby)).status).toBe(503);
    expect(await standby.stop()).toBe(0);
  });

  test('of all Secrets the manager may read one', async () => {
    const can = async (...args: readonly string[]): Promise<string> => {
      const as = ['--as', 'the-manager', '--as-group', MANAGERS, '-n', NAMESPACE];
      return (await plane.kubectl(['auth', 'can-i', ...args, ...as], { mayFail: true })).stdout.trim();
    };
    expect(await can('get', 'secret/weka-operator-ca')).toBe('yes');
    expect(await can('get', 'secret/other')).toBe('no');
    expect(await can('list', 'secrets')).toBe('no');
    expect(await can('watch', 'secrets')).toBe('no');
    expect(await can('delete', 'secret/weka-operator-ca')).toBe('no');
  });

  test('no token and no key is in its log', async () => {
    expect(manager.said()).not.toMatch(/eyJ[\w-]+\.[\w-]+\.|PRIVATE KEY/);
    expect(await manager.stop()).toBe(0);
  });
});
