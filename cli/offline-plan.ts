import type { OperatorError } from '../lib/base/errors';
import { asOperatorError } from '../lib/base/errors';
import type { KubeObject, LiveObject, Manifest, ObjectKey, ObjectRef, TypeMeta, Uid } from '../lib/base/kube-object';
import { keyString, refOf, refString } from '../lib/base/kube-object';
import { FIELD_MANAGER } from '../lib/base/names';
import type { BaseScope, Reader, Reconciler, SharedWrite } from '../controllers/runtime/reconciler';
import type { Plan } from '../synth/plan';
import { planChildren } from '../synth/planner';

/** What one object leads to. */
export interface ParentPlan {
  readonly parent: ObjectRef;
  readonly plan: Plan;
  /** What is written into objects that aren't its children. */
  readonly shared: readonly SharedWrite[];
  /** Why there is no plan. */
  readonly error?: OperatorError;
}

/**
 * What the manager would do for `objects`, without a cluster: the very reconcilers, on these objects as their cache.
 * Children that are themselves reconciled (containers, whose Pods follow) are planned in turn, parents first. `now` is
 * milliseconds since the epoch.
 */
export const planOffline = async (
  objects: readonly KubeObject[],
  reconcilers: readonly Reconciler[],
  now: number,
): Promise<ParentPlan[]> => {
  const world = new World(objects);
  const plans: ParentPlan[] = [];
  const queue = world.all();
  for (let object = queue.shift(); object !== undefined; object = queue.shift()) {
    const { apiVersion, kind } = object;
    const reconciler = reconcilers.find(
      ({ primary: { type } }) => type.kind === kind && type.apiVersion === apiVersion,
    );
    if (reconciler === undefined) continue;
    const planned = await planOne(object, reconciler, world, now);
    plans.push(planned);
    for (const manifest of applied(planned.plan)) queue.push(world.add(manifest));
    for (const { manifest, live } of planned.shared) if (live === undefined) queue.push(world.add(manifest));
  }
  return plans;
};

const NOTHING: Plan = { stages: [] };

const planOne = async (object: LiveObject, reconciler: Reconciler, world: World, now: number): Promise<ParentPlan> => {
  const parent = refOf(object);
  try {
    const invalid = reconciler.validate?.(object);
    if (invalid !== undefined) return { parent, plan: NOTHING, shared: [], error: invalid };
    const scope = { ...(await reconciler.observe(object, world)), now } as BaseScope;
    const { children, live, shared } = reconciler.decide(scope);
    const owner = { ref: parent, uid: object.metadata.uid };
    return {
      parent,
      plan: planChildren({ parent: owner, desired: children, live, inventory: [], manager: FIELD_MANAGER }),
      shared: shared ?? [],
    };
  } catch (thrown) {
    return { parent, plan: NOTHING, shared: [], error: asOperatorError(thrown) };
  }
};

const applied = ({ stages }: Plan): Manifest[] =>
  stages.flatMap(({ steps }) => steps.flatMap((step) => (step.action === 'apply' ? [step.manifest] : [])));

/** The given objects, as a cache that was just filled. */
class World implements Reader {
  private readonly objects = new Map<string, LiveObject>();

  constructor(objects: readonly KubeObject[]) {
    for (const object of objects) this.add(object);
  }

  all(): LiveObject[] {
    return [...this.objects.values()];
  }

  /** What the API server would have set and reconcilers rely on is made up from the name. */
  add(object: KubeObject): LiveObject {
    const uid = object.metadata.uid ?? (`planned ${refString(refOf(object))}` as Uid);
    const metadata = { ...object.metadata, uid, resourceVersion: object.metadata.resourceVersion ?? '0' };
    const live: LiveObject = { ...object, metadata };
    this.objects.set(idOf(live, live.metadata), live);
    return live;
  }

  get(type: TypeMeta, key: ObjectKey): LiveObject | undefined {
    return this.objects.get(idOf(type, key));
  }

  list(type: TypeMeta, filter: { readonly namespace?: string } = {}): readonly LiveObject[] {
    return this.all()
      .filter(({ apiVersion, kind }) => apiVersion === type.apiVersion && kind === type.kind)
      .filter(({ metadata }) => filter.namespace === undefined || metadata.namespace === filter.namespace)
      .sort((a, b) => (keyString(a.metadata) < keyString(b.metadata) ? -1 : 1));
  }

  childrenOf(owner: LiveObject, type: TypeMeta): readonly LiveObject[] {
    return this.list(type).filter(({ metadata }) =>
      metadata.ownerReferences?.some(({ uid, controller }) => uid === owner.metadata.uid && controller === true),
    );
  }

  fetch(ref: ObjectRef): Promise<LiveObject | undefined> {
    return Promise.resolve(this.get(ref, ref));
  }
}

const idOf = ({ apiVersion, kind }: TypeMeta, key: ObjectKey): string => `${apiVersion} ${kind} ${keyString(key)}`;
