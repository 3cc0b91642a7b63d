import type { ServerResponse } from 'node:http';
import type { LiveObject } from '../../lib/base/kube-object';
import type { Behaviour } from './fake-api-server';
import { FakeApiServer, json, line } from './fake-api-server';

const POD = { apiVersion: 'v1', kind: 'Pod' } as const;

/**
 * A server that keeps a few Pods and tells their changes truthfully: a list says what there is, a watch everything
 * after its version, in order. Faults are put in front of it, one a request.
 */
export class TruthfulServer {
  /** Instead of the truth: for the next lists, the next watches. `undefined`: the truth after all. */
  readonly listFaults: (Behaviour | undefined)[] = [];
  readonly watchFaults: (Behaviour | undefined)[] = [];
  private version = 0;
  private readonly objects = new Map<string, LiveObject>();
  private readonly log: { readonly version: number; readonly text: string }[] = [];
  private readonly streams = new Set<ServerResponse>();

  private constructor(readonly fake: FakeApiServer) {
    fake.answers((request, response) => {
      const watch = request.query.has('watch');
      const fault = (watch ? this.watchFaults : this.listFaults).shift();
      (fault ?? (watch ? this.watched : this.listed))(request, response);
    });
  }

  static async start(): Promise<TruthfulServer> {
    return new TruthfulServer(await FakeApiServer.start());
  }

  /** Makes or changes a Pod; another `uid` is another Pod of that name. */
  put(name: string, uid = `uid-${name}`): void {
    const type = this.objects.has(name) ? 'MODIFIED' : 'ADDED';
    const resourceVersion = String((this.version += 1));
    const object = { ...POD, metadata: { name, namespace: 'default', uid, resourceVersion } };
    this.objects.set(name, object);
    this.tell(type, object);
  }

  remove(name: string): void {
    const object = this.objects.get(name);
    if (object === undefined) return;
    this.objects.delete(name);
    const resourceVersion = String((this.version += 1));
    this.tell('DELETED', { ...object, metadata: { ...object.metadata, resourceVersion } });
  }

  /** What there is: `name uid version`. */
  get truth(): readonly string[] {
    return [...this.objects.values()].map(told).sort();
  }

  /** `list`, or `watch` and its version, for each request so far. */
  get asked(): readonly string[] {
    return this.fake.received.map(({ query }) =>
      query.has('watch') ? `watch ${query.get('resourceVersion')}` : 'list',
    );
  }

  /** The truth, as a watch tells it. */
  readonly watched: Behaviour = ({ query }, response) => {
    const from = Number(query.get('resourceVersion'));
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.flushHeaders();
    response.write(
      this.log
        .filter(({ version }) => version > from)
        .map(({ text }) => text)
        .join(''),
    );
    this.streams.add(response);
    response.on('close', () => this.streams.delete(response));
  };

  /** The truth, as a list tells it. */
  readonly listed: Behaviour = (request, response) =>
    json({
      kind: 'PodList',
      apiVersion: 'v1',
      metadata: { resourceVersion: String(this.version) },
      items: [...this.objects.values()],
    })(request, response);

  /** Ends all streams in the regular way. */
  endStreams(): void {
    for (const response of this.streams) response.end();
  }

  private tell(type: string, object: LiveObject): void {
    const text = line(type, object);
    this.log.push({ version: Number(object.metadata.resourceVersion), text });
    for (const response of this.streams) response.write(text);
  }
}

/** `name uid version` of an object. */
export const told = ({ metadata }: LiveObject): string =>
  `${metadata.name} ${metadata.uid} ${metadata.resourceVersion}`;
