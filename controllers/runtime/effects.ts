import type { OperatorError } from '../../lib/base/errors';
import { asOperatorError } from '../../lib/base/errors';
import type { LiveObject, ObjectRef } from '../../lib/base/kube-object';
import { refOf } from '../../lib/base/kube-object';
import { FIELD_MANAGER } from '../../lib/base/names';
import type { DesiredChild, InventoryEntry, LiveChild, Parent } from '../../synth/child';
import { isOwnedBy } from '../../synth/children';
import { planChildren } from '../../synth/planner';
import type { AgentExchange } from './agent-exchange';
import type { Executor } from './executor';
import type { InventoryStore } from './inventory-store';
import type { BaseScope, Decision, Outcome, Reader } from './reconciler';
import type { Turn } from './turn';

export interface EffectsDeps {
  readonly reader: Reader;
  readonly executor: Executor;
  readonly inventory: InventoryStore;
  /** An object as the cache holds it. */
  readonly liveOf: (ref: ObjectRef) => LiveObject | undefined;
  /** Where what agents shall do is published. */
  readonly exchange?: AgentExchange | undefined;
}

/** What the middle of a round came to. */
export interface EffectsDone {
  readonly scope: BaseScope;
  readonly decision: Decision;
  readonly outcome: Outcome;
  /** Children of the inventory that lived when the round began. */
  readonly inventoried: number;
}

const parentOf = ({ object }: Turn): Parent => ({ ref: refOf(object), uid: object.metadata.uid });

/** The middle of a round: observe, decide, plan, execute. */
export class Effects {
  constructor(private readonly deps: EffectsDeps) {}

  /** `trouble`: no plan could be made, or it could not begin. Rejects only with the reason of the signal. */
  async run(turn: Turn): Promise<EffectsDone | { readonly trouble: OperatorError }> {
    try {
      return await this.attempt(turn);
    } catch (thrown) {
      turn.signal.throwIfAborted();
      return { trouble: asOperatorError(thrown) };
    }
  }

  /** Whether one of `refs` still lives as a child of the object reconciled. Rejects as the read does. */
  async anyLives(turn: Turn, refs: readonly ObjectRef[]): Promise<boolean> {
    for (const ref of refs) {
      const found = await this.deps.reader.fetch(ref);
      if (found !== undefined && isOwnedBy(found, parentOf(turn))) return true;
    }
    return false;
  }

  /** Forgets what was written down for a parent that has no children any more. */
  async discardInventory(turn: Turn): Promise<void> {
    await this.deps.inventory.save(parentOf(turn), [], turn.signal);
    this.deps.inventory.forget(parentOf(turn));
  }

  /** Deletes the object reconciled. Rejects as the delete does. */
  async retire(turn: Turn, reason: string): Promise<void> {
    const { object, writer, signal, logger } = turn;
    await this.deps.executor.retire(object, reason, { parent: parentOf(turn), writer, signal, logger });
  }

  private async attempt(turn: Turn): Promise<EffectsDone> {
    const { reconciler, object, signal, logger, writer } = turn;
    const { reader, executor } = this.deps;
    const parent = parentOf(turn);
    const scope: BaseScope = { ...(await reconciler.observe(object, reader)), now: turn.now };
    const decision = reconciler.decide(scope);
    const inventory = reconciler.inventory ? await this.deps.inventory.load(parent, signal) : [];
    const named = await this.living(inventory);
    const found = new Set(decision.live.map((child) => child.object.metadata.uid));
    const live = [...decision.live, ...named.filter((child) => !found.has(child.object.metadata.uid))];
    const desired = decision.children;
    const taken = this.taken(desired, live);
    const plan = planChildren({ parent, desired, live, inventory, taken, manager: FIELD_MANAGER });
    const { shared = [], remove = [] } = decision;
    const execution = await executor.run({ plan, shared, remove }, { parent, writer, signal, logger });
    // A crash right before this leaves agents with what they had; the next leader's first round publishes it.
    for (const document of decision.documents ?? []) this.deps.exchange?.publish(document);
    return { scope, decision, outcome: { plan, ...execution }, inventoried: named.length };
  }

  /** Names that children would be made under and that somebody else's objects have. */
  private taken(desired: readonly DesiredChild[], live: readonly LiveChild[]): readonly ObjectRef[] {
    const known = new Set(live.map(({ object }) => object.metadata.uid));
    return desired
      .map(({ manifest }) => refOf(manifest))
      .filter((ref) => {
        const object = this.deps.liveOf(ref);
        return object !== undefined && !known.has(object.metadata.uid);
      });
  }

  /** What an inventory names and still lives. Read from the API server: a cache may not have that namespace. */
  private async living(inventory: readonly InventoryEntry[]): Promise<readonly LiveChild[]> {
    const children: LiveChild[] = [];
    for (const { ref, uid, role, slot } of inventory) {
      const object = await this.deps.reader.fetch(ref);
      if (object !== undefined && (uid === undefined || uid === object.metadata.uid))
        children.push({ role, slot, object });
    }
    return children;
  }
}
