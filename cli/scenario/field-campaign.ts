import { DEFAULT_MAX_UNAVAILABLE } from '../../lib/drivers/rollout';
import type { KindDefinition } from '../../lib/api/kind';
import { API_VERSION } from '../../lib/api/kind';
import type { JsonSchema } from '../../lib/api/json-schema';
import { OperatorError } from '../../lib/base/errors';
import type { JsonObject, JsonValue } from '../../lib/base/json';
import type { Manifest } from '../../lib/base/kube-object';
import type { EndState } from '../../sim/oracles/end-state';
import { endState, stateDifferences } from '../../sim/oracles/end-state';
import { watchInvariants } from '../../sim/oracles/watch-invariants';
import { OPERATOR_IMAGE } from './campaign-scenarios';
import type { FieldPath } from './field-values';
import { leavesOf, schemaAt, valuesFor, withValue } from './field-values';
import { createWorld, MANAGER } from './world';

/** What walking the fields of a kind came to. */
export interface FieldWalk {
  /** Fields walked, and values given to them that the API server took, and refused. */
  readonly fields: number;
  readonly taken: number;
  readonly refused: number;
  /** Sentences; empty: every walk came back to where it began, quietly. */
  readonly problems: readonly string[];
}

/** Long enough for a build, and for everything that follows from a change of spec. */
const SETTLE_MS = 130_000;
/** Nothing may be written in this time. */
const QUIET_MS = 30_000;
const NAMESPACE = 'default';

/**
 * Walks every field of a kind on one cluster with a running operator: A → B → A for each value B of each field, and looks
 * whether it comes back to the very state A, with every invariant kept and nothing written in the end.
 * `base`: the spec A. `only`: which fields; default all.
 */
export const walkFields = async (
  definition: KindDefinition,
  base: JsonObject,
  only: (path: FieldPath) => boolean = () => true,
): Promise<FieldWalk> => {
  const walk = new Walk(definition, base);
  await walk.begin();
  const schema = definition.spec as unknown as JsonSchema;
  const fields = leavesOf(schema).filter(only);
  for (const path of fields) for (const value of changesOf(schema, path)) await walk.thereAndBack(path, value);
  return { fields: fields.length, ...(await walk.end()) };
};

/** Every value, and none. */
const changesOf = (schema: JsonSchema, path: FieldPath): readonly (JsonValue | undefined)[] => [
  ...valuesFor(schemaAt(schema, path) ?? {}),
  undefined,
];

class Walk {
  private readonly world = createWorld({ seed: 1, operatorImage: OPERATOR_IMAGE, leaderElection: false });
  private readonly cluster = this.world.cluster;
  private readonly managers = this.world.managers;
  private readonly invariants = watchInvariants({
    ...this.world,
    user: MANAGER,
    maxUnavailable: DEFAULT_MAX_UNAVAILABLE,
  });
  private readonly problems: string[] = [];
  private start: EndState = {};
  private taken = 0;
  private refused = 0;

  constructor(
    private readonly definition: KindDefinition,
    private readonly base: JsonObject,
  ) {}

  async begin(): Promise<void> {
    this.cluster.nodes.add({ name: 'n1' });
    this.managers.start();
    if (!this.apply(this.base)) throw new Error(`The API server refuses the ${this.definition.kind} to begin with.`);
    await this.settle('the beginning');
    this.start = endState(this.cluster);
  }

  async thereAndBack(path: FieldPath, value: JsonValue | undefined): Promise<void> {
    const there = `${path.join('.')} = ${value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 60)}`;
    const changed = withValue(this.base, path, value);
    if (JSON.stringify(changed) === JSON.stringify(this.base)) return;
    if (!this.apply(changed)) return void (this.refused += 1);
    this.taken += 1;
    await this.settle(there);
    if (!this.apply(this.base)) return void this.problems.push(`${there}: there is no way back.`);
    await this.settle(`${there}, and back`);
    const found = endState(this.cluster);
    for (const difference of stateDifferences(this.start, found))
      this.problems.push(`${there}, and back: ${difference}`);
  }

  async end(): Promise<Omit<FieldWalk, 'fields'>> {
    const stopped = this.managers.stop();
    await this.cluster.clock.run({ forMs: 30_000 });
    await stopped;
    const broken = this.invariants.broken.map(({ text }) => text);
    return { taken: this.taken, refused: this.refused, problems: [...this.problems, ...broken] };
  }

  /** `false`: the API server refuses it. */
  private apply(spec: JsonObject): boolean {
    const { kind, scope } = this.definition;
    const metadata = { name: 'walked', ...(scope === 'Namespaced' ? { namespace: NAMESPACE } : {}) };
    const manifest: Manifest = { apiVersion: API_VERSION, kind, metadata, spec };
    try {
      this.cluster.server.apply(manifest, { user: 'kubernetes-admin', manager: 'kubectl', force: true });
      return true;
    } catch (thrown) {
      if (thrown instanceof OperatorError) return false;
      throw thrown;
    }
  }

  private async settle(where: string): Promise<void> {
    await this.cluster.clock.run({ forMs: SETTLE_MS });
    const before = this.cluster.log.count({ user: MANAGER });
    await this.cluster.clock.run({ forMs: QUIET_MS });
    const late = this.cluster.log.count({ user: MANAGER }) - before;
    if (late > 0) this.problems.push(`${where}: ${late} writes after it should have settled.`);
    this.cluster.log.clear();
  }
}
