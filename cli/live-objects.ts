import type { ClusterClient } from '../controllers/kube/cluster-client';
import { TYPES } from '../controllers/kinds';
import { asOperatorError } from '../lib/base/errors';
import type { KubeObject, LiveObject, TypeMeta } from '../lib/base/kube-object';
import { groupOf, refOf, refString } from '../lib/base/kube-object';
import { GROUP } from '../lib/api/kind';

/** Kinds of which only what belongs to one of ours matters. */
const CHILD_KINDS: readonly TypeMeta[] = [TYPES.service, TYPES.pod];

/** What a plan needs of a cluster: nodes, our custom resources and their children. Rejects when the cluster doesn't answer. */
export const liveObjects = async (
  client: ClusterClient,
  report: (state: string) => void,
): Promise<readonly LiveObject[]> => {
  const found: LiveObject[] = [];
  for (const type of Object.values(TYPES)) {
    report(`${type.kind} objects`);
    const objects = await listOf(client, type);
    found.push(...(CHILD_KINDS.includes(type) ? objects.filter(isOurChild) : objects));
  }
  return found;
};

/** A kind that isn't installed yet has no objects. */
const listOf = async (client: ClusterClient, type: TypeMeta): Promise<readonly LiveObject[]> => {
  const objects: LiveObject[] = [];
  try {
    await client.list(type, { onPage: (page) => void objects.push(...page), onRestart: () => void objects.splice(0) });
    return objects;
  } catch (thrown) {
    if (asOperatorError(thrown).code === 'KindMissing') return [];
    throw thrown;
  }
};

const isOurChild = (object: LiveObject): boolean =>
  object.metadata.ownerReferences?.some(
    ({ apiVersion, controller }) => controller === true && groupOf(apiVersion) === GROUP,
  ) ?? false;

/** The live objects as they would be with `given` applied: specs from the files, identity and status from the cluster. */
export const withGiven = (live: readonly LiveObject[], given: readonly KubeObject[]): readonly KubeObject[] => {
  const merged = new Map<string, KubeObject>(live.map((object) => [refString(refOf(object)), object]));
  for (const object of given) {
    const before = merged.get(refString(refOf(object)));
    const metadata = { ...before?.metadata, ...object.metadata };
    merged.set(refString(refOf(object)), { ...before, ...object, metadata });
  }
  return [...merged.values()];
};
