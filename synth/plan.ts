import type { Manifest, ObjectRef, Uid } from '../lib/base/kube-object';
import type { ChildIdentity, InventoryEntry } from './child';

/** One effect, or one reason to stop and look again. Plain data: the CLI prints it, the executor does it. */
export type Step =
  /** Write the inventory down before anything in it is made. */
  | { readonly action: 'save'; readonly inventory: readonly InventoryEntry[] }
  | ({
      readonly action: 'apply';
      readonly change: 'create' | 'configure';
      readonly manifest: Manifest;
      readonly uid?: Uid;
      readonly reasons: readonly string[];
    } & ChildIdentity)
  /** It is as it should be: nothing is sent. */
  | ({
      readonly action: 'keep';
      readonly ref: ObjectRef;
      readonly uid: Uid;
      /** What is wanted otherwise and cannot be changed on it while it lives: the next one will have it. */
      readonly outdated?: readonly string[];
    } & ChildIdentity)
  /** Later stages wait for this object; the next round goes on. */
  | ({ readonly action: 'wait'; readonly ref: ObjectRef; readonly reasons: readonly string[] } & ChildIdentity)
  | ({
      readonly action: 'prune';
      readonly ref: ObjectRef;
      readonly uid: Uid;
      readonly reasons: readonly string[];
      /** At once, though nobody knows whether it has ended (see LiveChild). */
      readonly lost?: true;
    } & ChildIdentity)
  /** It should change but must not be touched: somebody else's, immutable, retained. */
  | ({
      readonly action: 'refuse';
      readonly ref: ObjectRef;
      readonly code: 'NameTaken' | 'ImmutableField';
      readonly reasons: readonly string[];
    } & ChildIdentity);

export interface Stage {
  /** `save`, `prune names`, `apply 0`, `apply 1`, `prune`, `forget`, `wait`: stable, for people. */
  readonly name: string;
  readonly steps: readonly Step[];
}

/** Everything a round will do, in order. A stage with a `wait` step is the last one that is done. */
export interface Plan {
  readonly stages: readonly Stage[];
}
