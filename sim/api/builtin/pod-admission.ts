/** What admission adds to a new Pod: tolerations, priority, service account and the mount of its token. */
import type { Random } from '../../../controllers/runtime/random';
import type { JsonObject, JsonValue } from '../../../lib/base/json';
import { isJsonObject } from '../../../lib/base/json';
import { randomSuffix } from '../../random';
import { each, fill } from './pod-defaults';

const TOKEN_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';

const listOf = (value: JsonValue | undefined): JsonObject[] => (Array.isArray(value) ? value.filter(isJsonObject) : []);

/** The spec of a new Pod after admission. `priority`: value of the priority class it names, 0 without one. */
export const admitPodSpec = (given: JsonObject, priority: number, random: Random): JsonObject => {
  const account = fill(given, { serviceAccountName: 'default', serviceAccount: given.serviceAccountName ?? 'default' });
  const spec = fill(account, { priority, preemptionPolicy: 'PreemptLowerPriority' });
  return withToken(
    { ...spec, tolerations: [...listOf(spec.tolerations), ...missingTolerations(listOf(spec.tolerations))] },
    random,
  );
};

/** Every Pod tolerates a node that is away for five minutes, unless it says otherwise. */
const missingTolerations = (given: readonly JsonObject[]): JsonObject[] =>
  ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']
    .filter((key) => !given.some((each) => covers(each, key)))
    .map((key) => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 }));

const covers = (toleration: JsonObject, key: string): boolean =>
  (toleration.key === key || (toleration.key ?? '') === '') &&
  (toleration.effect === undefined || toleration.effect === '' || toleration.effect === 'NoExecute');

const withToken = (spec: JsonObject, random: Random): JsonObject => {
  if (spec.automountServiceAccountToken === false) return spec;
  const name = `kube-api-access-${randomSuffix(random)}`;
  const mount = { name, readOnly: true, mountPath: TOKEN_PATH };
  const mounted = (container: JsonObject): JsonObject =>
    listOf(container.volumeMounts).some((each) => each.mountPath === TOKEN_PATH)
      ? container
      : { ...container, volumeMounts: [...listOf(container.volumeMounts), mount] };
  const withMounts = each(each(spec, 'containers', mounted), 'initContainers', mounted);
  if (withMounts === spec) return spec;
  return { ...withMounts, volumes: [...listOf(spec.volumes), { name, projected: tokenSources }] };
};

const tokenSources: JsonObject = {
  defaultMode: 420,
  sources: [
    { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
    { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
    {
      downwardAPI: { items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }] },
    },
  ],
};

/** Guaranteed, Burstable or BestEffort, from cpu and memory of all containers. */
export const qosClass = (spec: JsonObject): string => {
  const sides = [...listOf(spec.containers), ...listOf(spec.initContainers)].map((container) => {
    const { limits, requests } = isJsonObject(container.resources) ? container.resources : {};
    return [cpuAndMemory(limits), cpuAndMemory(requests)] as const;
  });
  if (sides.every(([limits, requests]) => Object.keys(limits).length + Object.keys(requests).length === 0))
    return 'BestEffort';
  const equal = sides.every(
    ([limits, requests]) =>
      limits.cpu !== undefined &&
      limits.memory !== undefined &&
      limits.cpu === requests.cpu &&
      limits.memory === requests.memory,
  );
  return equal ? 'Guaranteed' : 'Burstable';
};

const cpuAndMemory = (resources: JsonValue | undefined): JsonObject =>
  Object.fromEntries(
    Object.entries(isJsonObject(resources) ? resources : {}).filter(([name]) => name === 'cpu' || name === 'memory'),
  );
