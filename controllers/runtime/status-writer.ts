import type { JsonObject } from '../../lib/base/json';
import type { LiveObject, Manifest } from '../../lib/base/kube-object';
import { refOf, refString } from '../../lib/base/kube-object';
import { FIELD_MANAGER } from '../../lib/base/names';
import { digestOf } from '../../synth/canonical-json';
import type { ClusterClient } from '../kube/cluster-client';
import type { ApplyMemory } from './apply-memory';
import type { OwnWrites } from './own-writes';

/** Whether applying `manifest` to `live` as FIELD_MANAGER would change it; pure. */
export type Differs = (live: LiveObject, manifest: Manifest) => boolean;

export interface StatusWriterDeps {
  readonly client: ClusterClient;
  readonly ownWrites: OwnWrites;
  readonly memory: ApplyMemory;
  readonly differs: Differs;
}

/** Writes status, on the status subresource only, and only when it changes something. */
export class StatusWriter {
  constructor(private readonly deps: StatusWriterDeps) {}

  /** The object as written, or `undefined` when nothing had to be sent. */
  async write(
    object: LiveObject,
    status: JsonObject,
    context: { readonly writer: string; readonly signal: AbortSignal },
  ): Promise<LiveObject | undefined> {
    const manifest = statusManifest(object, status);
    if (!this.deps.differs(object, manifest)) return undefined;
    const [name, digest] = [`status of ${refString(refOf(object))}`, digestOf(status)];
    if (this.deps.memory.has(name, digest, object.metadata.resourceVersion)) return undefined;
    // A crash right after this loses nothing: the status is derived again from what lives, and found equal.
    const written = await this.deps.client.apply(manifest, {
      fieldManager: FIELD_MANAGER,
      force: true,
      subresource: 'status',
      uid: object.metadata.uid,
      signal: context.signal,
    });
    this.deps.ownWrites.wrote(context.writer, written);
    this.deps.memory.learn(name, digest, written.metadata.resourceVersion);
    return written;
  }
}

/** What is applied: identity and status, nothing else, so that nothing else is owned through it. */
export const statusManifest = (object: LiveObject, status: JsonObject): Manifest => ({
  apiVersion: object.apiVersion,
  kind: object.kind,
  metadata: {
    name: object.metadata.name,
    ...(object.metadata.namespace === undefined ? {} : { namespace: object.metadata.namespace }),
  },
  status,
});
