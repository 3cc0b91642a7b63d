import type { JsonObject, JsonValue } from '../../lib/base/json';
import { isJsonObject } from '../../lib/base/json';
import type { LiveObject, Manifest, ObjectRef, TypeMeta, Uid } from '../../lib/base/kube-object';
import { groupOf, refOf, refString } from '../../lib/base/kube-object';
import { FIELD_MANAGER } from '../../lib/base/names';
import { canonicalJson } from '../../synth/canonical-json';
import { apiError, isApiError } from './api-error';
import type {
  ApplyOptions,
  CallOptions,
  ClusterClient,
  DeleteOptions,
  ListOptions,
  ListResult,
  PatchOptions,
  WatchOptions,
  WriteOptions,
} from './cluster-client';
import type { CallSubject } from './failure';
import { failureOfAnswer, kindMissing, saysKindMissing } from './failure';
import { collectionPath, groupVersionPath, objectPath, selectionQuery, withQuery } from './paths';
import type { DiscoveredResource, Resource } from './resources';
import { Resources } from './resources';
import type { Answer, Call, Transport } from './transport';
import { WatchStream } from './watch-stream';

const PAGE_SIZE = 500;
/** A page of large objects from a busy server takes longer than one object. */
const LIST_TIMEOUT_SECONDS = 60;

/** The version of the API server, as /version tells it. */
export interface ServerVersion {
  /** `v1.34.2`, with whatever a vendor adds. */
  readonly gitVersion: string;
  readonly major: string;
  readonly minor: string;
}

/** The cluster behind a real API server: raw JSON in and out, nothing dropped, nothing converted. */
export class RestClient implements ClusterClient {
  private readonly resources: Resources;

  constructor(private readonly transport: Transport) {
    this.resources = new Resources((apiVersion, type) => this.discover(apiVersion, type));
  }

  async get(ref: ObjectRef, options: CallOptions = {}): Promise<LiveObject | undefined> {
    const target = await this.target(ref, 'get');
    const answer = await this.transport.call({ ...target, method: 'GET', signal: options.signal });
    return answer.status === 404 && !saysKindMissing(answer.body)
      ? undefined
      : (this.objectIn(answer, target) as unknown as LiveObject);
  }

  async list(type: TypeMeta, options: ListOptions): Promise<ListResult> {
    const target = await this.target({ ...type, namespace: options.namespace, name: '' }, 'list');
    let limit: number | undefined = options.pageSize ?? PAGE_SIZE;
    let position: string | undefined;
    for (;;) {
      const page: JsonObject | undefined = await this.page(target, options, { limit, continue: position }).catch(
        (thrown: unknown) => {
          if (position === undefined || options.onRestart === undefined || !isApiError(thrown, 'Expired')) throw thrown;
          return undefined;
        },
      );
      if (page === undefined) {
        // The snapshot is too old to go on; in one piece the list can't get too old again.
        options.onRestart?.();
        [limit, position] = [undefined, undefined];
        continue;
      }
      options.onPage(itemsOf(page, type));
      const metadata = isJsonObject(page.metadata) ? page.metadata : {};
      position = textOf(metadata.continue);
      if (position === undefined) return { resourceVersion: textOf(metadata.resourceVersion) ?? '' };
    }
  }

  async watch(type: TypeMeta, options: WatchOptions): Promise<void> {
    const target = await this.target({ ...type, namespace: options.namespace, name: '' }, 'watch');
    const query = {
      watch: true,
      allowWatchBookmarks: true,
      resourceVersion: options.resourceVersion,
      timeoutSeconds: options.timeoutSeconds,
      ...selectionQuery(options),
    };
    const stream = new WatchStream(target, options.onEvent);
    const call: Call = { ...target, method: 'GET', path: withQuery(target.path, query), signal: options.signal };
    const answer = await this.transport.stream(call, options.idleSeconds, {
      onOpen: options.onOpen,
      onChunk: (chunk) => stream.push(chunk),
    });
    if (answer.status !== 200) throw this.failure(answer, target);
    stream.end(this.transport.server);
  }

  async apply(manifest: Manifest, options: ApplyOptions): Promise<LiveObject> {
    const query = { ...writeQuery(options), fieldManager: options.fieldManager, force: options.force };
    const write = {
      query,
      contentType: 'application/apply-patch+yaml',
      body: withPreconditions(manifest as JsonObject, options),
    };
    return this.write('PATCH', await this.target(refOf(manifest), 'apply', options.subresource), {
      ...write,
      signal: options.signal,
    });
  }

  async create(manifest: Manifest, options: WriteOptions = {}): Promise<LiveObject> {
    const target = await this.target({ ...refOf(manifest), name: '' }, 'create');
    const query = { ...writeQuery(options), fieldManager: FIELD_MANAGER };
    const subject = { ...target, object: refString(refOf(manifest)) };
    return this.write('POST', subject, { query, body: manifest as JsonObject, signal: options.signal });
  }

  async replace(manifest: Manifest, options: WriteOptions = {}): Promise<LiveObject> {
    const query = { ...writeQuery(options), fieldManager: FIELD_MANAGER };
    return this.write('PUT', await this.target(refOf(manifest), 'replace'), {
      query,
      body: manifest as JsonObject,
      signal: options.signal,
    });
  }

  async patch(ref: ObjectRef, patch: JsonValue, options: PatchOptions = {}): Promise<LiveObject> {
    const query = { ...writeQuery(options), fieldManager: options.fieldManager ?? FIELD_MANAGER };
    const body = isJsonObject(patch) ? withPreconditions(patch, options) : patch;
    const write = { query, contentType: 'application/merge-patch+json', body, signal: options.signal };
    return this.write('PATCH', await this.target(ref, 'patch', options.subresource), write);
  }

  async delete(ref: ObjectRef, options: DeleteOptions): Promise<'deleted' | 'gone'> {
    const target = await this.target(ref, 'delete');
    const body: JsonObject = {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      preconditions: { uid: options.uid, resourceVersion: options.resourceVersion },
      propagationPolicy: options.propagation,
      gracePeriodSeconds: options.gracePeriodSeconds,
      dryRun: options.dryRun === true ? ['All'] : undefined,
    };
    const answer = await this.transport.call({
      ...target,
      method: 'DELETE',
      body: canonicalJson(body),
      signal: options.signal,
    });
    if (answer.status === 404) return 'gone';
    this.objectIn(answer, target);
    return 'deleted';
  }

  /** The server's version: to refuse what is too old, and as the cheapest call that shows it is there. */
  async version(options: CallOptions = {}): Promise<ServerVersion> {
    const target = { verb: 'get', object: 'the version', resource: 'version', path: '/version' };
    const { gitVersion, major, minor } = this.objectIn(
      await this.transport.call({ ...target, method: 'GET', signal: options.signal }),
      target,
    );
    return { gitVersion: textOf(gitVersion) ?? '', major: textOf(major) ?? '', minor: textOf(minor) ?? '' };
  }

  /** Closes all connections. */
  close(): void {
    this.transport.close();
  }

  private async page(
    target: Target,
    options: ListOptions,
    paging: { limit: number | undefined; continue: string | undefined },
  ): Promise<JsonObject> {
    const path = withQuery(target.path, { ...paging, ...selectionQuery(options) });
    const call: Call = { ...target, method: 'GET', path, signal: options.signal, timeoutSeconds: LIST_TIMEOUT_SECONDS };
    return this.objectIn(await this.transport.call(call), target);
  }

  private async write(
    method: Call['method'],
    target: Target,
    { query, body, contentType, signal }: Write,
  ): Promise<LiveObject> {
    const call = { ...target, method, path: withQuery(target.path, query), body: canonicalJson(body), signal };
    const answer = await this.transport.call(contentType === undefined ? call : { ...call, contentType });
    return this.objectIn(answer, target) as unknown as LiveObject;
  }

  /** Where `ref` is; its collection when the name is empty. Rejects with KindMissing. */
  private async target(ref: ObjectRef, verb: string, subresource?: string): Promise<Target> {
    const resource: Resource | undefined = await this.resources.of(ref);
    if (resource === undefined) throw this.missing(ref);
    const collection = collectionPath(ref, resource, ref.namespace);
    const group = groupOf(ref.apiVersion);
    return {
      verb,
      object: ref.name === '' ? ref.kind : refString(ref),
      resource: group === '' ? resource.plural : `${resource.plural}.${group}`,
      type: ref,
      path: ref.name === '' ? collection : objectPath(collection, ref.name, subresource),
      ...(ref.namespace === undefined ? {} : { namespace: ref.namespace }),
    };
  }

  private async discover(apiVersion: string, type: TypeMeta): Promise<readonly DiscoveredResource[]> {
    const target: Target = {
      verb: 'discover',
      object: apiVersion,
      resource: apiVersion,
      type,
      path: groupVersionPath(apiVersion),
    };
    const { resources } = this.objectIn(await this.transport.call({ ...target, method: 'GET' }), target);
    return Array.isArray(resources) ? (resources as unknown as DiscoveredResource[]) : [];
  }

  private objectIn(answer: Answer, target: Target): JsonObject {
    if (answer.status < 200 || answer.status > 299) throw this.failure(answer, target);
    try {
      return JSON.parse(answer.body) as JsonObject;
    } catch {
      throw apiError(
        { status: 502, reason: undefined, message: 'the answer is not JSON' },
        { ...target, server: this.transport.server },
      );
    }
  }

  private failure(answer: Answer, target: Target): Error {
    if (answer.status === 404 && target.type !== undefined && saysKindMissing(answer.body))
      return this.missing(target.type);
    const failure = failureOfAnswer(answer.status, answer.headers, answer.body);
    return apiError(isOtherUid(failure) ? { ...failure, status: 409, reason: 'Conflict' } : failure, {
      ...target,
      server: this.transport.server,
    });
  }

  private missing(type: TypeMeta): Error {
    this.resources.forget(type.apiVersion);
    return kindMissing(type.kind, type.apiVersion);
  }
}

interface Target extends CallSubject {
  readonly path: string;
  readonly type?: TypeMeta;
  readonly namespace?: string;
}

interface Write {
  readonly query: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body: JsonValue;
  readonly contentType?: string;
  readonly signal: AbortSignal | undefined;
}

const writeQuery = ({ dryRun }: WriteOptions) => ({
  fieldValidation: 'Strict',
  dryRun: dryRun === true ? 'All' : undefined,
});

/** The body with the object it is meant for: the API server takes uid and resourceVersion in the metadata as preconditions. */
const withPreconditions = (
  body: JsonObject,
  { uid, resourceVersion }: { uid?: Uid; resourceVersion?: string },
): JsonObject => {
  if (uid === undefined && resourceVersion === undefined) return body;
  const metadata = isJsonObject(body.metadata) ? body.metadata : {};
  const preconditions = {
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  };
  return { ...body, metadata: { ...metadata, ...preconditions } };
};

/** A patch for another bearer of the name is answered as an attempt to change the uid. */
const isOtherUid = ({ status, causes }: { status: number; causes?: readonly { field?: string }[] }): boolean =>
  status === 422 && causes !== undefined && causes.length > 0 && causes.every(({ field }) => field === 'metadata.uid');

/** The objects of a list. Lists of built-in kinds leave out what every item would repeat. */
const itemsOf = (page: JsonObject, type: TypeMeta): readonly LiveObject[] => {
  const items = Array.isArray(page.items) ? page.items : [];
  return items.map(
    (item) => ({ ...(item as JsonObject), apiVersion: type.apiVersion, kind: type.kind }) as unknown as LiveObject,
  );
};

const textOf = (value: JsonValue | undefined): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;
