/** The defaults of built-in kinds, as far as they show in a comparison of what is wanted with what is there. */
import type { JsonObject } from '../../../lib/base/json';
import { isJsonObject } from '../../../lib/base/json';
import type { KubeObject } from '../../../lib/base/kube-object';
import { at, each, fill, podOnlyDefaults, podSpecDefaults } from './pod-defaults';
import { textOf } from '../../text';

type Default = (object: JsonObject) => JsonObject;

const spec =
  (change: Default): Default =>
  (object) =>
    at(object, 'spec', change);

const template: Default = (workload) => at(workload, 'template', (pod) => at(pod, 'spec', podSpecDefaults));

const rolling =
  (defaults: JsonObject): Default =>
  (strategy) =>
    strategy.type === 'RollingUpdate'
      ? at(fill(strategy, { rollingUpdate: defaults }), 'rollingUpdate', (value) => fill(value, defaults))
      : strategy;

const daemonSet: Default = (given) => {
  const filled = fill(given, { updateStrategy: {}, revisionHistoryLimit: 10 });
  const typed = at(filled, 'updateStrategy', (strategy) => fill(strategy, { type: 'RollingUpdate' }));
  return template(at(typed, 'updateStrategy', rolling({ maxUnavailable: 1, maxSurge: 0 })));
};

const deployment: Default = (given) => {
  const filled = fill(given, { replicas: 1, strategy: {}, revisionHistoryLimit: 10, progressDeadlineSeconds: 600 });
  const typed = at(filled, 'strategy', (strategy) => fill(strategy, { type: 'RollingUpdate' }));
  return template(at(typed, 'strategy', rolling({ maxUnavailable: '25%', maxSurge: '25%' })));
};

const job: Default = (given) =>
  template(
    fill(given, { parallelism: 1, completions: 1, backoffLimit: 6, completionMode: 'NonIndexed', suspend: false }),
  );

const sessions: Default = (given) => {
  if (given.sessionAffinity !== 'ClientIP') {
    const { sessionAffinityConfig: _, ...rest } = given;
    return given.sessionAffinityConfig === undefined ? given : rest;
  }
  const filled = fill(given, { sessionAffinityConfig: {} });
  return at(filled, 'sessionAffinityConfig', (config) => fill(config, { clientIP: { timeoutSeconds: 10800 } }));
};

const service: Default = (given) => {
  let filled = sessions(fill(given, { type: 'ClusterIP', sessionAffinity: 'None' }));
  filled = each(filled, 'ports', (port) =>
    fill(port, { protocol: 'TCP', ...(port.port === undefined ? {} : { targetPort: port.port }) }),
  );
  if (filled.type === 'ExternalName') return filled;
  filled = fill(filled, { internalTrafficPolicy: 'Cluster' });
  if (filled.type === 'ClusterIP') return filled;
  filled = fill(filled, { externalTrafficPolicy: 'Cluster' });
  return filled.type === 'LoadBalancer' ? fill(filled, { allocateLoadBalancerNodePorts: true }) : filled;
};

const networkPolicy: Default = (given) => {
  const tcp: Default = (rule) => each(rule, 'ports', (port) => fill(port, { protocol: 'TCP' }));
  const filled = each(each(given, 'ingress', tcp), 'egress', tcp);
  return fill(filled, { policyTypes: given.egress === undefined ? ['Ingress'] : ['Ingress', 'Egress'] });
};

const secret: Default = (given) => {
  const { stringData, ...rest } = fill(given, { type: 'Opaque' });
  if (!isJsonObject(stringData)) return { ...rest };
  const encoded = Object.entries(stringData).map(([key, value]) => [
    key,
    Buffer.from(textOf(value)).toString('base64'),
  ]);
  return {
    ...rest,
    data: { ...(isJsonObject(rest.data) ? rest.data : {}), ...(Object.fromEntries(encoded) as JsonObject) },
  };
};

const namespace: Default = (given) => {
  const name = isJsonObject(given.metadata) ? given.metadata.name : undefined;
  const labelled = at(given, 'metadata', (metadata) => ({
    ...metadata,
    labels: { ...(isJsonObject(metadata.labels) ? metadata.labels : {}), 'kubernetes.io/metadata.name': name },
  }));
  const filled = fill(labelled, { spec: { finalizers: ['kubernetes'] }, status: { phase: 'Active' } });
  return at(filled, 'spec', (value) => fill(value, { finalizers: ['kubernetes'] }));
};

const binding: Default = (given) => {
  const filled = at(given, 'roleRef', (role) => fill(role, { apiGroup: 'rbac.authorization.k8s.io' }));
  return each(filled, 'subjects', (subject) =>
    subject.kind === 'ServiceAccount' ? subject : fill(subject, { apiGroup: 'rbac.authorization.k8s.io' }),
  );
};

const crd: Default = spec((given) => {
  const scoped = fill(given, { conversion: { strategy: 'None' } });
  return at(scoped, 'names', (names) =>
    fill(names, { singular: textOf(names.kind).toLowerCase(), listKind: `${textOf(names.kind)}List` }),
  );
});

const DEFAULTS: Readonly<Record<string, Default>> = {
  'v1/Pod': spec((given) => podOnlyDefaults(podSpecDefaults(given))),
  'v1/Service': spec(service),
  'v1/Secret': secret,
  'v1/Namespace': namespace,
  'v1/PersistentVolumeClaim': (object) =>
    fill(
      at(object, 'spec', (given) => fill(given, { volumeMode: 'Filesystem' })),
      { status: { phase: 'Pending' } },
    ),
  'apps/v1/DaemonSet': spec(daemonSet),
  'apps/v1/Deployment': (object) => fill(spec(deployment)(object), { status: {} }),
  'policy/v1/PodDisruptionBudget': (object) =>
    fill(object, { status: { currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0 } }),
  'networking.k8s.io/v1/NetworkPolicy': spec(networkPolicy),
  'batch/v1/Job': spec(job),
  'rbac.authorization.k8s.io/v1/RoleBinding': binding,
  'rbac.authorization.k8s.io/v1/ClusterRoleBinding': binding,
  'storage.k8s.io/v1/StorageClass': (object) =>
    fill(object, { reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate' }),
  'scheduling.k8s.io/v1/PriorityClass': (object) => fill(object, { preemptionPolicy: 'PreemptLowerPriority' }),
  'apiextensions.k8s.io/v1/CustomResourceDefinition': crd,
};

/** `object` with the server's defaults. Idempotent; the very object when there is nothing to add. */
export const builtInDefaults = (object: KubeObject): KubeObject => {
  const change = DEFAULTS[`${object.apiVersion}/${object.kind}`];
  return change === undefined ? object : (change(object as unknown as JsonObject) as unknown as KubeObject);
};
