import type { IncomingMessage } from 'node:http';
import type { RequestOptions } from 'node:https';
import { Agent, request } from 'node:https';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import type { Coordinates } from '../coordinates';
import { clientCertificate } from '../coordinates';

export class ApiRefusal extends Error {
  constructor(
    readonly status: number,
    text: string,
  ) {
    super(text);
  }
}

interface Identified {
  readonly metadata: { readonly uid: string; readonly resourceVersion?: string };
}

interface Listed<T> {
  readonly metadata: { readonly resourceVersion: string };
  readonly items: readonly T[];
}

/** What becomes of the objects that are followed. */
export interface Follower<T> {
  readonly here: (object: T) => void;
  readonly gone: (object: T) => void;
}

/** Pause after a failed list or a watch that ended: the API server is asked again, for as long as the node lives. */
const AGAIN_MS = 200;

/** The API server as the kubelet of one node sees it: with that node's own rights, and no others. */
export class NodeApi {
  private readonly tls: RequestOptions;

  constructor(
    private readonly coordinates: Coordinates,
    node: string,
  ) {
    const identity = { user: `system:node:${node}`, groups: ['system:nodes'] };
    const { certificate: cert, key } = clientCertificate(coordinates, identity);
    this.tls = { ca: coordinates.authority.certificate, cert, key, agent: new Agent({ keepAlive: true }) };
  }

  /** Rejects with ApiRefusal where the answer is no success. */
  async call<T>(method: string, path: string, body?: object, type = 'application/json'): Promise<T> {
    const answer = await this.open(method, path, body, { type });
    const chunks: Buffer[] = [];
    for await (const chunk of answer) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const status = answer.statusCode ?? 0;
    if (status < 200 || status > 299) throw new ApiRefusal(status, text);
    return JSON.parse(text) as T;
  }

  /** The object; `undefined`: there is none. */
  async find<T>(path: string): Promise<T | undefined> {
    try {
      return await this.call<T>('GET', path);
    } catch (error) {
      if (error instanceof ApiRefusal && error.status === 404) return undefined;
      throw error;
    }
  }

  /** Tells of each object that there is, and of each change, until the signal is aborted. */
  async follow<T extends Identified>(path: string, follower: Follower<T>, signal: AbortSignal): Promise<void> {
    const known = new Map<string, T>();
    while (!signal.aborted) {
      try {
        await this.listAndWatch(path, follower, { known, signal });
      } catch {
        await wait(AGAIN_MS, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  private async listAndWatch<T extends Identified>(
    path: string,
    follower: Follower<T>,
    { known, signal }: { readonly known: Map<string, T>; readonly signal: AbortSignal },
  ): Promise<void> {
    const { metadata, items } = await this.call<Listed<T>>('GET', path);
    const present = new Set(items.map((item) => item.metadata.uid));
    const forget = (object: T): void => {
      known.delete(object.metadata.uid);
      follower.gone(object);
    };
    const learn = (object: T): void => {
      known.set(object.metadata.uid, object);
      follower.here(object);
    };
    [...known.values()].filter(({ metadata: { uid } }) => !present.has(uid)).forEach(forget);
    items.forEach(learn);
    const separator = path.includes('?') ? '&' : '?';
    const watch = `${path}${separator}watch=1&resourceVersion=${metadata.resourceVersion}`;
    const answer = await this.open('GET', watch, undefined, { signal });
    for await (const line of createInterface({ input: answer })) {
      const { type, object } = JSON.parse(line) as { type: string; object: T };
      if (type === 'ERROR') return;
      if (type === 'DELETED') forget(object);
      else if (type !== 'BOOKMARK') learn(object);
    }
  }

  private open(
    method: string,
    path: string,
    body: object | undefined,
    { type = 'application/json', signal }: { readonly type?: string; readonly signal?: AbortSignal },
  ): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const text = body === undefined ? '' : JSON.stringify(body);
      // Its length is said: without it Node sends the body of a DELETE, and does not say that there is one.
      const headers = body === undefined ? {} : { 'content-type': type, 'content-length': Buffer.byteLength(text) };
      const options = { ...this.tls, method, headers, ...(signal === undefined ? {} : { signal }) };
      const sent = request(`${this.coordinates.server}${path}`, options, resolve);
      sent.once('error', reject);
      sent.end(text);
    });
  }
}
