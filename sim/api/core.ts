/** What the parts of the server share. */
import type { Random } from '../../controllers/runtime/random';
import type { ObjectRef } from '../../lib/base/kube-object';
import type { SimClock } from '../clock';
import type { KindRegistry } from './kinds';
import type { Store } from './store';

export interface Core {
  readonly clock: SimClock;
  readonly random: Random;
  readonly store: Store;
  readonly kinds: KindRegistry;
  /** Called once for every write that got past its preconditions, also when it changed nothing. */
  readonly record: (write: WriteRecord) => void;
}

export type WriteVerb = 'create' | 'replace' | 'patch' | 'apply' | 'delete' | 'bind';

/** One write, as an audit log tells it. */
export interface WriteRecord {
  /** Virtual milliseconds since the epoch. */
  readonly at: number;
  readonly user: string;
  readonly verb: WriteVerb;
  readonly ref: ObjectRef;
  readonly subresource?: 'status';
  /** `false`: the object was already so, and nothing was stored. */
  readonly changed: boolean;
}

/** Who writes, and how. */
export interface WriteRequest {
  readonly user: string;
  /** Field manager. */
  readonly manager: string;
  readonly dryRun?: boolean | undefined;
  readonly subresource?: 'status' | undefined;
  /** The caller changed an object that it read: its fields need no check again. For the simulated control plane. */
  readonly trusted?: boolean;
}
