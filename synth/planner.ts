/**
 * From what is wanted and what lives to the steps of a round, as data. In order: write the inventory down, apply stage
 * by stage (a stage that isn't ready ends the round with waits), prune what nothing wants, write the inventory again.
 * Nothing is deleted but children of this very parent, by UID; what can't be changed in place is kept and told, never replaced.
 */
import type { JsonObject } from '../lib/base/json';
import type { LiveObject, Manifest, ObjectRef } from '../lib/base/kube-object';
import { refOf, refString } from '../lib/base/kube-object';
import type { DesiredChild, InventoryEntry, LiveChild, Parent } from './child';
import type { MatchedChild } from './children';
import { canBeOwned, identityOf, inventoryEntry, isOwnedBy, matchChildren } from './children';
import type { Difference } from './diff';
import { diff, isSame, reasonsOf } from './diff';
import { entryKey, sameInventory, unionInventory } from './inventory';
import { sameJson } from './json-equal';
import { compareForDelete, compareRefs } from './kind-order';
import { extractOwned } from './merge';
import type { Plan, Stage, Step } from './plan';
import { readiness } from './readiness';

export interface PlanInput {
  readonly parent: Parent;
  readonly desired: readonly DesiredChild[];
  readonly live: readonly LiveChild[];
  /** As stored. */
  readonly inventory: readonly InventoryEntry[];
  readonly manager: string;
  /** Objects that exist under names that children would be made under, and that belong to somebody else. Default: none. */
  readonly taken?: readonly ObjectRef[];
}

const CREATED = 'it does not exist';

const refKey = (ref: ObjectRef): string => `${ref.apiVersion}\n${ref.kind}\n${ref.namespace ?? ''}\n${ref.name}`;

const identity = ({ role, slot }: { role: string; slot: string }) => ({ role, slot });

/** Only metadata of a living Pod can be changed: its spec is sent again as it was applied, so that it stays ours. */
const podManifest = (wanted: Manifest, live: LiveObject, manager: string): Manifest => {
  const { spec: _, ...rest } = wanted;
  const owned = extractOwned(live, manager).spec;
  return owned === undefined ? rest : { ...rest, spec: owned };
};

const isSpecPath = (path: string): boolean => path === 'spec' || path.startsWith('spec.') || path.startsWith('spec[');

/** What of the spec a living Pod has otherwise. Fields that merely aren't ours need no change of the Pod itself. */
const outdatedFields = ({ values, givenUp }: Difference): string[] => [...values, ...givenUp].filter(isSpecPath);

const outsideOfSpec = ({ values, unowned, givenUp }: Difference): Difference => {
  const [first = [], second = [], third = []] = [values, unowned, givenUp].map((paths) =>
    paths.filter((path) => !isSpecPath(path)),
  );
  return { values: first, unowned: second, givenUp: third };
};

/** Keeps what is the same and applies the rest; `manifest` is asked for only then. */
const configure = (child: MatchedChild, live: LiveObject, difference: Difference, manifest: () => Manifest): Step => {
  const { uid } = live.metadata;
  if (isSame(difference)) return { action: 'keep', ref: refOf(child.manifest), uid, ...identity(child) };
  const reasons = reasonsOf(difference);
  return { action: 'apply', change: 'configure', manifest: manifest(), uid, reasons, ...identity(child) };
};

/** Names that children can't be made under. */
interface Names {
  /** Somebody else's. */
  readonly taken: ReadonlySet<string>;
  /** Of children of ours that nothing wants: free once they are pruned. */
  readonly leaving: ReadonlySet<string>;
}

const createStep = (child: MatchedChild, names: Names): Step => {
  const { manifest } = child;
  const ref = refOf(manifest);
  if (names.taken.has(refKey(ref))) {
    const reasons = ['an object of this name belongs to somebody else'];
    return { action: 'refuse', ref, code: 'NameTaken', reasons, ...identity(child) };
  }
  if (names.leaving.has(refKey(ref))) {
    return {
      action: 'wait',
      ref,
      reasons: ['its name is free when the object that has it is pruned'],
      ...identity(child),
    };
  }
  return { action: 'apply', change: 'create', manifest, reasons: [child.because ?? CREATED], ...identity(child) };
};

const stepsFor = (child: MatchedChild, names: Names, manager: string): Step[] => {
  const { manifest, live } = child;
  const ref = refOf(manifest);
  if (live === undefined) return [createStep(child, names)];
  if (live.metadata.deletionTimestamp !== undefined)
    return [
      { action: 'wait', ref, reasons: ['it is being deleted; it is made again when it is gone'], ...identity(child) },
    ];
  return livingSteps(child, live, manager);
};

interface Remembered {
  readonly child: MatchedChild;
  readonly manager: string;
  /** What the steps depend on beside the spec, by identity: live objects are never changed in place. */
  readonly parts: readonly unknown[];
  readonly steps: Step[];
}

/**
 * What was found of a live object, as long as its spec is held: most rounds want the same of it. A change of status alone
 * leaves the other parts as they are in memory, at least where the objects never were text.
 */
const remembered = new WeakMap<object, Remembered>();

const partsOf = ({ metadata }: LiveObject, manager: string): readonly unknown[] => [
  metadata.uid,
  metadata.labels,
  metadata.annotations,
  metadata.ownerReferences,
  metadata.finalizers,
  ...(metadata.managedFields ?? []).flatMap((entry) =>
    entry.manager === manager && entry.subresource === undefined ? [entry.operation, entry.fieldsV1] : [],
  ),
];

const sameParts = (a: readonly unknown[], b: readonly unknown[]): boolean =>
  a.length === b.length && a.every((part, index) => part === b[index]);

const isSameWish = (a: MatchedChild, b: MatchedChild): boolean =>
  a.role === b.role && a.slot === b.slot && sameJson(json(a.manifest), json(b.manifest));

const json = (manifest: Manifest): JsonObject => manifest as unknown as JsonObject;

const ORDINARY: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata', 'spec', 'status']);

/** What changes whenever the object does, status and metadata apart. */
const anchorOf = (live: LiveObject): object =>
  Object.keys(live).every((key) => ORDINARY.has(key)) ? (live.spec ?? live) : live;

const livingSteps = (child: MatchedChild, live: LiveObject, manager: string): Step[] => {
  const [anchor, parts] = [anchorOf(live), partsOf(live, manager)];
  const known = remembered.get(anchor);
  if (known?.manager === manager && sameParts(known.parts, parts) && isSameWish(known.child, child)) return known.steps;
  const { manifest } = child;
  const isPod = manifest.kind === 'Pod' && manifest.apiVersion === 'v1';
  const difference = diff(manifest, live, manager);
  const steps = isPod
    ? podSteps(child, live, difference, manager)
    : [configure(child, live, difference, () => manifest)];
  remembered.set(anchor, { child, manager, parts, steps });
  return steps;
};

/** A living Pod gets its metadata and keeps its spec; what that lacks is told, for the Pod is never replaced here. */
const podSteps = (child: MatchedChild, live: LiveObject, difference: Difference, manager: string): Step[] => {
  const manifest = (): Manifest => podManifest(child.manifest, live, manager);
  const step = configure(child, live, outsideOfSpec(difference), manifest);
  const outdated = outdatedFields(difference);
  if (outdated.length === 0) return [step];
  const keep: Step = {
    action: 'keep',
    ref: refOf(child.manifest),
    uid: live.metadata.uid,
    outdated,
    ...identity(child),
  };
  return step.action === 'keep' ? [keep] : [step, keep];
};

/** Whether later stages must not overtake this child, and why. */
const waitFor = (child: MatchedChild): Step[] => {
  const { state, message } = readiness(child.live);
  if (state === 'Current' || state === 'Terminating') return [];
  const reasons = [child.live === undefined ? 'it is being made' : message];
  return [{ action: 'wait', ref: refOf(child.manifest), reasons, ...identity(child) }];
};

const byRef = (a: MatchedChild, b: MatchedChild): number => compareRefs(refOf(a.manifest), refOf(b.manifest));
const isWait = (step: Step): boolean => step.action === 'wait';
const isTaken = (step: Step): boolean => step.action === 'refuse' && step.code === 'NameTaken';

interface Applying {
  readonly stages: readonly Stage[];
  /** Waits of the last stage: nothing of the apply comes after them, so pruning needn't wait for them. */
  readonly waits: readonly Step[];
  /** Whether every stage was reached. */
  readonly complete: boolean;
}

/** Apply stages up to and including the first that has to be waited for. */
const applyStages = (matched: readonly MatchedChild[], names: Names, manager: string): Applying => {
  const numbers = [...new Set(matched.map((child) => child.stage))].sort((a, b) => a - b);
  const stages: Stage[] = [];
  for (const number of numbers) {
    const children = matched.filter((child) => child.stage === number).sort(byRef);
    const steps = children.flatMap((child) => {
      const own = stepsFor(child, names, manager);
      return number === numbers.at(-1) || own.some((step) => isTaken(step) || isWait(step))
        ? own
        : [...own, ...waitFor(child)];
    });
    const acts = steps.filter((step) => !isWait(step));
    const waits = steps.filter(isWait);
    const name = `apply ${number}`;
    if (number === numbers.at(-1)) return { stages: [...stages, { name, steps: acts }], waits, complete: true };
    stages.push({ name, steps: [...acts, ...waits] });
    if (waits.length > 0 || steps.some(isTaken)) return { stages, waits: [], complete: false };
  }
  return { stages, waits: [], complete: true };
};

/** A live child may be deleted only when it is ours by owner reference, or by inventory with the UID we saw. */
const mayPrune = (child: LiveChild, input: PlanInput): boolean => {
  if (isOwnedBy(child.object, input.parent)) return true;
  const ref = refOf(child.object);
  if (canBeOwned(input.parent, ref) || identityOf(child.object) === undefined) return false;
  return input.inventory.some(
    (entry) =>
      refKey(entry.ref) === refKey(ref) && (entry.uid ?? child.object.metadata.uid) === child.object.metadata.uid,
  );
};

const pruneStage = (name: string, surplus: readonly LiveChild[], matched: readonly MatchedChild[]): Stage[] => {
  const wanted = new Set(matched.map((child) => JSON.stringify(identity(child))));
  const steps = surplus
    .filter((child) => child.lost === true || child.object.metadata.deletionTimestamp === undefined)
    .sort((a, b) => compareForDelete(refOf(a.object), refOf(b.object)))
    .map((child): Step => {
      const reason = wanted.has(JSON.stringify(identity(child)))
        ? 'an older object is the same child'
        : 'nothing wants it any more';
      return {
        action: 'prune',
        ref: refOf(child.object),
        uid: child.object.metadata.uid,
        reasons: [child.lost === true ? 'its node does not say when it has ended' : reason],
        ...(child.lost === true ? { lost: true } : {}),
        ...identity(child),
      };
    });
  return steps.length === 0 ? [] : [{ name, steps }];
};

const saveStage = (name: string, before: readonly InventoryEntry[], after: readonly InventoryEntry[]): Stage[] =>
  sameInventory(before, after) ? [] : [{ name, steps: [{ action: 'save', inventory: after }] }];

/** What stays in the inventory when the round is done: wanted children, and others as long as they live. */
const remaining = (
  all: readonly InventoryEntry[],
  wanted: readonly InventoryEntry[],
  live: readonly LiveChild[],
): InventoryEntry[] => {
  const wantedKeys = new Set(wanted.map(entryKey));
  const alive = new Set(live.map((child) => refKey(refOf(child.object))));
  return all.filter((entry) => wantedKeys.has(entryKey(entry)) || alive.has(refKey(entry.ref)));
};

/** The steps of a round. Pure and deterministic: the same input gives the same plan, whatever the order of its lists. */
export const planChildren = (input: PlanInput): Plan => {
  const { matched, surplus } = matchChildren(input.parent, input.desired, input.live);
  const wanted = matched.flatMap((child) => inventoryEntry(input.parent, child) ?? []);
  const before = unionInventory(input.inventory, wanted);
  const prunable = surplus.filter((child) => mayPrune(child, input));
  const names = {
    taken: new Set((input.taken ?? []).map(refKey)),
    leaving: new Set(prunable.map(({ object }) => refKey(refOf(object)))),
  };
  const inTheWay = new Set(
    matched.filter(({ live }) => live === undefined).map(({ manifest }) => refKey(refOf(manifest))),
  );
  const first = prunable.filter(({ object }) => inTheWay.has(refKey(refOf(object))));
  const applying = applyStages(matched, names, input.manager);
  const last = applying.complete ? prunable.filter((child) => !first.includes(child)) : [];
  const after = applying.complete ? remaining(before, wanted, input.live) : before;
  return {
    stages: [
      ...saveStage('save', input.inventory, before),
      ...pruneStage('prune names', first, matched),
      ...applying.stages,
      ...pruneStage('prune', last, matched),
      ...saveStage('forget', before, after),
      ...(applying.waits.length === 0 ? [] : [{ name: 'wait', steps: applying.waits }]),
    ],
  };
};

/** The object references of a plan's refusals and why, for conditions. */
export const refusalsOf = (plan: Plan): string[] =>
  plan.stages.flatMap(({ steps }) =>
    steps.flatMap((step) => (step.action === 'refuse' ? [`${refString(step.ref)}: ${step.reasons.join('; ')}`] : [])),
  );
