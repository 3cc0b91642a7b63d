import { LruMap } from './lru-map';

/** Applies whose outcome is known: this intent on this version of the object changes nothing. */
export class ApplyMemory {
  private readonly known: LruMap<string, string>;

  /** `size`: objects remembered, the latest used ones. Default 20 000 (about 4 MB). */
  constructor(size = 20_000) {
    this.known = new LruMap(size);
  }

  /** Whether applying `digest` to `object` at `resourceVersion` is known to change nothing. */
  has(object: string, digest: string, resourceVersion: string | undefined): boolean {
    return resourceVersion !== undefined && this.known.get(object) === `${digest}@${resourceVersion}`;
  }

  /** After an apply: `resourceVersion` is the one the API server answered. Applying the same to it again changes nothing. */
  learn(object: string, digest: string, resourceVersion: string): void {
    this.known.set(object, `${digest}@${resourceVersion}`);
  }
}
