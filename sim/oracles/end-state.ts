/**
 * The state of a cluster without what legitimately differs between two histories of the same intent: times, generated
 * identifiers, where Pods run, and what is left of Pods that have done their work. Two runs that end well end equal. Pure.
 */
import { API_VERSION } from '../../lib/api/kind';
import type { JsonObject, JsonValue } from '../../lib/base/json';
import { isJsonObject } from '../../lib/base/json';
import type { KubeObject, LiveObject } from '../../lib/base/kube-object';
import { refOf, refString } from '../../lib/base/kube-object';
import { LABEL } from '../../lib/base/names';
import { CA_CONFIG_MAP } from '../../lib/drivers/agent-access';
import { sameJson } from '../../synth/json-equal';
import type { SimCluster } from '../cluster';

const weka = (kind: string) => ({ apiVersion: API_VERSION, kind });
const KINDS = [
  ...['WekaCluster', 'WekaClient', 'WekaPolicy', 'WekaManualOperation', 'WekaContainer', 'WekaNode'].map(weka),
  { apiVersion: 'v1', kind: 'Service' },
  { apiVersion: 'v1', kind: 'Pod' },
  { apiVersion: 'v1', kind: 'ConfigMap' },
  { apiVersion: 'v1', kind: 'Node' },
];

/** Status fields and condition fields that are times, places, identities of machines or counts of history. */
const VOLATILE: ReadonlySet<string> = new Set([
  'lastTransitionTime',
  'lastRunTime',
  'observedGeneration',
  'nodeAffinity',
  'printer',
  'nodeUID',
  'bootID',
  'goneSince',
  'since',
  'unusedSince',
  'buildSeconds',
  'seconds',
]);
/** Whether a Pod is as a new one would be depends on which version of the operator made it. */
const VERSION_DEPENDENT: ReadonlySet<unknown> = new Set(['UpToDate']);

/** Which of its templates a DaemonSet made a Pod from, counted by how often it was changed. */
const REVISION_LABELS: ReadonlySet<string> = new Set(['controller-revision-hash', 'pod-template-generation']);

/** By `Kind/namespace/name`. */
export type EndState = Readonly<Record<string, JsonValue>>;

export const endState = (cluster: SimCluster): EndState =>
  Object.fromEntries(
    KINDS.flatMap((type) => cluster.list(type))
      .filter((object) => !isWorkDone(object) && !isTrust(object))
      .map((object) => [nameOf(object), essence(object)]),
  );

/** The Pod of a DaemonSet has a generated name; which one it is, its node says. */
const nameOf = (object: LiveObject): string => {
  const set = object.metadata.ownerReferences?.find(({ kind }) => kind === 'DaemonSet');
  const node = object.spec?.['nodeName'];
  return set === undefined || typeof node !== 'string'
    ? refString(refOf(object))
    : `Pod of DaemonSet/${set.name} on ${node}`;
};

/** The Pod of a finished build stays for its log, or not: nodes come and go. */
const isWorkDone = (object: LiveObject): boolean =>
  object.kind === 'Pod' &&
  object.metadata.labels?.[LABEL.mode] === 'drivers-builder' &&
  object.status?.['phase'] !== 'Running' &&
  object.status?.['phase'] !== 'Pending';

/** Whom agents trust stays in a namespace where one ever ran: whether it came to that depends on when faults struck. */
const isTrust = ({ kind, metadata }: LiveObject): boolean =>
  kind === 'ConfigMap' && metadata.name === CA_CONFIG_MAP.name;

const essence = (object: LiveObject): JsonObject => {
  const { labels = {}, annotations, finalizers, ownerReferences, deletionTimestamp } = object.metadata;
  return {
    labels: Object.fromEntries(Object.entries(labels).filter(([key]) => !REVISION_LABELS.has(key))),
    annotations: { ...annotations },
    finalizers: finalizers ?? [],
    owners: (ownerReferences ?? []).map(({ kind, name }) => `${kind}/${name}`),
    going: deletionTimestamp !== undefined,
    ...(OTHERS.has(object.kind) ? {} : { spec: without(object.spec ?? {}), status: without(object.status ?? {}) }),
    ...(object.kind === 'Pod' ? { phase: object.status?.['phase'] ?? '' } : {}),
  };
};

/** Kinds whose spec and status are the control plane's business. */
const OTHERS: ReadonlySet<string> = new Set(['Pod', 'Node', 'Service']);

const without = (value: JsonValue): JsonValue => {
  if (Array.isArray(value))
    return value.filter((item) => !(isJsonObject(item) && VERSION_DEPENDENT.has(item['type']))).map(without);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !VOLATILE.has(key))
      .map(([key, item]) => [key, item === undefined ? undefined : without(key === 'result' ? unwrapped(item) : item)]),
  );
};

/** What a builder came to is JSON within a text. */
const unwrapped = (result: JsonValue): JsonValue => {
  try {
    return typeof result === 'string' ? (JSON.parse(result) as JsonValue) : result;
  } catch {
    return result;
  }
};

/** In what two states differ: one sentence an object; empty when they are equal. */
export const stateDifferences = (expected: EndState, found: EndState): readonly string[] => {
  const names = [...new Set([...Object.keys(expected), ...Object.keys(found)])].sort();
  return names.flatMap((name) => {
    const [wanted, got] = [expected[name], found[name]];
    if (wanted === undefined) return [`${name} is there, and should not be.`];
    if (got === undefined) return [`${name} is missing.`];
    return differences(wanted, got, '').map((difference) => `${name}: ${difference}`);
  });
};

const differences = (wanted: JsonValue, got: JsonValue, path: string): readonly string[] => {
  if (isJsonObject(wanted) && isJsonObject(got)) {
    const keys = [...new Set([...Object.keys(wanted), ...Object.keys(got)])].sort();
    return keys.flatMap((key) => differences(wanted[key] ?? null, got[key] ?? null, `${path}.${key}`));
  }
  if (sameJson(wanted, got)) return [];
  return [`${path} is ${JSON.stringify(got)}, and should be ${JSON.stringify(wanted)}.`];
};

/** Children whose parent is gone and that are not going themselves: `Kind/namespace/name`. */
export const orphans = (cluster: SimCluster): readonly string[] =>
  KINDS.flatMap((type) => cluster.list(type))
    .filter((object) => object.metadata.deletionTimestamp === undefined)
    .filter((object) => ownersGone(object, cluster))
    .map((object) => refString(refOf(object)));

const ownersGone = ({ metadata }: KubeObject, cluster: SimCluster): boolean => {
  const owners = metadata.ownerReferences ?? [];
  return owners.length > 0 && owners.every(({ uid }) => cluster.server.core.store.getByUid(uid) === undefined);
};
