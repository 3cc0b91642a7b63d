import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import type { RequestOptions } from 'node:https';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InstallationCA } from '../../controllers/certificates/installation-ca';
import { CertificateIssuer } from '../../controllers/certificates/issuer';
import { Gateway } from '../../controllers/gateway/gateway';
import type { HttpsLimits } from '../../controllers/gateway/https-server';
import { AgentExchange } from '../../controllers/runtime/agent-exchange';
import type { Clock } from '../../controllers/runtime/clock';
import { systemClock } from '../../controllers/runtime/clock';
import type { LogEntry } from '../../controllers/runtime/log';
import { loggerTo } from '../../controllers/runtime/log';
import type { Metrics } from '../../controllers/runtime/metrics';
import { createMetrics } from '../../controllers/runtime/metrics';
import { systemRandom } from '../../controllers/runtime/random';
import type { Reader } from '../../controllers/runtime/reconciler';
import type { JsonObject } from '../../lib/base/json';
import type { LiveObject, ObjectKey, TypeMeta } from '../../lib/base/kube-object';
import { keyString } from '../../lib/base/kube-object';
import { createSimCluster } from '../../sim/cluster';
import { TokenAuthority } from './token-authority';

export { nodeObserved } from './node-observed';

export const NAMESPACE = 'weka-operator-system';

/** The caches of a manager, as a test fills them. */
export class Picture implements Reader {
  private readonly objects = new Map<string, LiveObject>();

  put(object: LiveObject): LiveObject {
    this.objects.set(`${object.kind} ${keyString(object.metadata)}`, object);
    return object;
  }

  drop(object: LiveObject): void {
    this.objects.delete(`${object.kind} ${keyString(object.metadata)}`);
  }

  get(type: TypeMeta, key: ObjectKey): LiveObject | undefined {
    return this.objects.get(`${type.kind} ${keyString(key)}`);
  }

  list(type: TypeMeta): readonly LiveObject[] {
    return [...this.objects.values()].filter(({ kind }) => kind === type.kind);
  }

  childrenOf(): readonly LiveObject[] {
    return [];
  }

  fetch(): Promise<undefined> {
    return Promise.resolve(undefined);
  }
}

/** An agent that runs: its Pod is in the picture, and it has a token. */
export interface RunningAgent {
  readonly id: string;
  readonly pod: LiveObject;
  token: string;
}

export interface GatewayAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface WorkshopOptions {
  /** Of the certificates. Default: the machine's. */
  readonly clock?: Clock;
  readonly limits?: Partial<HttpsLimits>;
}

/** A gateway on a port of its own, with everything around it that is not the network. */
export class Workshop {
  readonly tokens = new TokenAuthority();
  readonly picture = new Picture();
  readonly lines: LogEntry[] = [];
  readonly directory = mkdtempSync(join(tmpdir(), 'gateway-test-'));
  readonly agent = new Agent({ keepAlive: true, maxSockets: Infinity });
  readonly cluster = createSimCluster({ seed: 1, kinds: [], namespaces: [NAMESPACE] });
  readonly ca: InstallationCA;
  exchange = new AgentExchange();
  metrics: Metrics = createMetrics();
  gateway: Gateway;
  port = 0;
  private leading = new AbortController();
  private readonly issuer: CertificateIssuer;
  private count = 0;

  constructor(private readonly options: WorkshopOptions = {}) {
    const clock = options.clock ?? systemClock;
    const logger = loggerTo((line) => this.lines.push(line));
    const client = this.cluster.client();
    this.ca = new InstallationCA({ client, clock, random: systemRandom, logger, namespace: NAMESPACE });
    this.issuer = new CertificateIssuer(this.ca, clock);
    this.gateway = this.newGateway();
  }

  /** Listens and leads, with a CA. */
  async start(): Promise<void> {
    await this.ca.lead(undefined, this.leading.signal);
    await this.listen();
    await this.lead();
  }

  async listen(): Promise<void> {
    this.port = await this.gateway.start();
  }

  lead(): Promise<void> {
    return this.gateway.lead(this.picture, this.leading.signal);
  }

  /** Another process takes over: it knows nothing of agents, and listens on the same port. */
  async restart(): Promise<void> {
    await this.gateway.stop();
    this.exchange = new AgentExchange();
    this.metrics = createMetrics();
    this.gateway = this.newGateway(this.port);
    await this.listen();
    await this.lead();
  }

  /** Leadership is lost. */
  depose(): void {
    this.leading.abort(new Error('deposed'));
    this.leading = new AbortController();
  }

  async stop(): Promise<void> {
    this.depose();
    this.agent.destroy();
    await this.gateway.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }

  get url(): string {
    return `https://127.0.0.1:${this.port}`;
  }

  /** Writes a file of an agent; gives its path. */
  file(name: string, content: string): string {
    const path = join(this.directory, name);
    writeFileSync(path, content);
    return path;
  }

  /** A distribution service, or a builder, in the namespace `storage`. */
  container(mode = 'drivers-dist'): RunningAgent {
    const n = ++this.count;
    const name = `container-${n}`;
    const owner = { apiVersion: 'weka.weka.io/v1alpha1', kind: 'WekaContainer' };
    const place = { name, namespace: 'storage', resourceVersion: '1' };
    this.picture.put({ ...owner, metadata: { ...place, uid: `uid-${n}` }, spec: { mode } });
    const pod = this.pod({ ...place, uid: `pod-${n}` }, { ...owner, name, uid: `uid-${n}` }, 'node-1');
    return { id: `container/uid-${n}`, pod, token: this.tokens.issue({ pod: { name, uid: `pod-${n}` } }) };
  }

  /** The observer of a node. */
  observer(node: string): RunningAgent {
    const owner = { apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'weka-node-observer', uid: 'set-1' };
    const labels = { 'weka.io/child-role': 'observer' };
    const place = { namespace: NAMESPACE, resourceVersion: '1', labels };
    const { apiVersion, kind } = owner;
    this.picture.put({ apiVersion, kind, metadata: { ...place, name: owner.name, uid: owner.uid } });
    const bound = { name: `observer-${node}`, uid: `pod-${node}` };
    const pod = this.pod({ ...place, ...bound }, owner, node);
    return { id: `node/${node}`, pod, token: this.tokens.issue({ namespace: NAMESPACE, pod: bound, node }) };
  }

  /** One request, by hand. */
  call(
    method: string,
    path: string,
    more: Partial<RequestOptions> & { body?: string; token?: string } = {},
  ): Promise<GatewayAnswer> {
    const { body, token, headers, ...options } = more;
    const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
    return new Promise((resolve, reject) => {
      const outgoing = request(
        {
          host: '127.0.0.1',
          port: this.port,
          method,
          path,
          agent: this.agent,
          ca: this.ca.caBundle(),
          ...options,
          headers: { ...authorization, ...(headers as object) },
        },
        (incoming) => {
          const chunks: Buffer[] = [];
          incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
          incoming.once('error', reject);
          incoming.once('end', () =>
            resolve({
              status: incoming.statusCode ?? 0,
              headers: incoming.headers,
              body: Buffer.concat(chunks).toString(),
            }),
          );
        },
      );
      outgoing.once('error', reject);
      outgoing.end(body);
    });
  }

  /** What an agent tells, as it sends it. */
  tell(agent: RunningAgent, kind: string, body: JsonObject, more: JsonObject = {}): Promise<GatewayAnswer> {
    const document = { schema: 1, kind, revision: '', body, ...more };
    return this.call('PUT', '/v1/observed', { token: agent.token, body: JSON.stringify(document) });
  }

  /** What an agent is told, or how it is refused. */
  ask(agent: RunningAgent, wait = 0, has?: string): Promise<GatewayAnswer> {
    const headers = has === undefined ? {} : { 'if-none-match': has };
    return this.call('GET', `/v1/desired?wait=${wait}`, { token: agent.token, headers });
  }

  private newGateway(port = 0): Gateway {
    const { exchange, metrics, issuer, ca, options } = this;
    return new Gateway({
      client: this.tokens.client(),
      clock: systemClock,
      random: systemRandom,
      logger: loggerTo((line) => this.lines.push(line)),
      metrics,
      exchange,
      ca,
      issuer,
      operatorNamespace: NAMESPACE,
      address: `127.0.0.1:${port}`,
      names: [],
      ...(options.limits === undefined ? {} : { limits: options.limits }),
    });
  }

  private pod(metadata: LiveObject['metadata'], owner: JsonObject, node: string): LiveObject {
    const ownerReferences = [{ ...owner, controller: true }] as unknown as NonNullable<
      LiveObject['metadata']['ownerReferences']
    >;
    return this.picture.put({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { ...metadata, ownerReferences },
      spec: { nodeName: node },
      status: { phase: 'Running' },
    });
  }
}

/** Resolves when `holds`; rejects after a minute. */
export const until = async (what: string, holds: () => boolean): Promise<void> => {
  for (let left = 6_000; left > 0; left--) {
    if (holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`it never happened: ${what}`);
};
