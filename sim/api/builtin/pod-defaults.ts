/** What the API server fills into the specification of a Pod, also inside the template of a workload. */
import type { JsonObject, JsonValue } from '../../../lib/base/json';
import { isJsonObject } from '../../../lib/base/json';
import { canonicalQuantity } from '../../quantity';

/** `object` over `defaults`; the very object when it lacks nothing. */
export const fill = (object: JsonObject, defaults: JsonObject): JsonObject => {
  for (const name in defaults) if (object[name] === undefined) return over({ ...defaults }, object);
  return object;
};

const over = (filled: JsonObject, object: JsonObject): JsonObject => {
  for (const name of Object.keys(object)) if (object[name] !== undefined) filled[name] = object[name];
  return filled;
};

/** `object[name]` changed by `change`, when it is there. */
export const at = (object: JsonObject, name: string, change: (value: JsonObject) => JsonObject): JsonObject => {
  const value = object[name];
  if (!isJsonObject(value)) return object;
  const next = change(value);
  return next === value ? object : { ...object, [name]: next };
};

/** Each object of the list `object[name]` changed by `change`. */
export const each = (object: JsonObject, name: string, change: (item: JsonObject) => JsonObject): JsonObject => {
  const list = object[name];
  if (!Array.isArray(list)) return object;
  const next = list.map((item): JsonValue => (isJsonObject(item) ? change(item) : item));
  return next.every((item, index) => item === list[index]) ? object : { ...object, [name]: next };
};

/** Defaults of a PodSpec wherever it stands. */
export const podSpecDefaults = (given: JsonObject): JsonObject => {
  let spec = fill(given, {
    restartPolicy: 'Always',
    dnsPolicy: 'ClusterFirst',
    terminationGracePeriodSeconds: 30,
    schedulerName: 'default-scheduler',
    securityContext: {},
  });
  if (typeof spec.serviceAccountName === 'string') spec = fill(spec, { serviceAccount: spec.serviceAccountName });
  const hostNetwork = spec.hostNetwork === true;
  const container = (item: JsonObject): JsonObject => containerDefaults(item, hostNetwork);
  for (const list of ['containers', 'initContainers']) spec = each(spec, list, container);
  return each(spec, 'volumes', volumeDefaults);
};

const containerDefaults = (given: JsonObject, hostNetwork: boolean): JsonObject => {
  let container = fill(given, {
    imagePullPolicy: pullPolicy(given.image),
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    resources: {},
  });
  container = each(container, 'ports', (port) =>
    fill(port, {
      protocol: 'TCP',
      ...(hostNetwork && port.containerPort !== undefined ? { hostPort: port.containerPort } : {}),
    }),
  );
  container = each(container, 'env', envDefaults);
  container = at(container, 'resources', canonicalResources);
  container = at(container, 'lifecycle', (hooks) => hookDefaults(hookDefaults(hooks, 'preStop'), 'postStart'));
  for (const probe of ['livenessProbe', 'readinessProbe', 'startupProbe'])
    container = at(container, probe, probeDefaults);
  return container;
};

const envDefaults = (given: JsonObject): JsonObject => {
  const { value, ...bare } = given;
  return at(value === '' ? bare : given, 'valueFrom', (from) => at(from, 'fieldRef', fieldRefDefaults));
};

const HTTP = { path: '/', scheme: 'HTTP' };

const hookDefaults = (hooks: JsonObject, name: string): JsonObject =>
  at(hooks, name, (hook) => at(hook, 'httpGet', (action) => fill(action, HTTP)));

const canonicalResources = (resources: JsonObject): JsonObject =>
  at(at(resources, 'limits', canonicalAmounts), 'requests', canonicalAmounts);

const canonicalAmounts = (amounts: JsonObject): JsonObject => {
  const entries = Object.entries(amounts).map(([name, amount]): [string, JsonValue] => [
    name,
    canonicalQuantity(amount),
  ]);
  return entries.every(([name, amount]) => amount === amounts[name]) ? amounts : Object.fromEntries(entries);
};

const fieldRefDefaults = (reference: JsonObject): JsonObject => fill(reference, { apiVersion: 'v1' });

const pullPolicy = (image: JsonValue | undefined): string => {
  const text = typeof image === 'string' ? image : '';
  if (text.includes('@')) return 'IfNotPresent';
  const tag = /:([^/:]+)$/.exec(text)?.[1] ?? 'latest';
  return tag === 'latest' ? 'Always' : 'IfNotPresent';
};

const probeDefaults = (given: JsonObject): JsonObject => {
  const probe = fill(given, { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 });
  const http = at(probe, 'httpGet', (action) => fill(action, HTTP));
  return at(http, 'grpc', (action) => fill(action, { service: '' }));
};

const MODE = { defaultMode: 420 };

const volumeDefaults = (given: JsonObject): JsonObject => {
  let volume = Object.keys(given).length === 1 ? { ...given, emptyDir: {} } : given;
  volume = at(volume, 'hostPath', (source) => fill(source, { type: '' }));
  for (const source of ['secret', 'configMap', 'downwardAPI', 'projected']) {
    volume = at(volume, source, (value) => fill(value, MODE));
  }
  volume = at(volume, 'downwardAPI', (source) =>
    each(source, 'items', (item) => at(item, 'fieldRef', fieldRefDefaults)),
  );
  return at(volume, 'projected', (source) => each(source, 'sources', projectedDefaults));
};

const projectedDefaults = (source: JsonObject): JsonObject => {
  const token = at(source, 'serviceAccountToken', (value) => fill(value, { expirationSeconds: 3600 }));
  return at(token, 'downwardAPI', (value) => each(value, 'items', (item) => at(item, 'fieldRef', fieldRefDefaults)));
};

/** Defaults that only a Pod itself gets: requests from limits, service links. */
export const podOnlyDefaults = (given: JsonObject): JsonObject => {
  let spec = fill(given, { enableServiceLinks: true });
  for (const list of ['containers', 'initContainers']) {
    spec = each(spec, list, (container) => at(container, 'resources', requestsFromLimits));
  }
  return spec;
};

const requestsFromLimits = (resources: JsonObject): JsonObject =>
  isJsonObject(resources.limits)
    ? { ...resources, requests: fill(isJsonObject(resources.requests) ? resources.requests : {}, resources.limits) }
    : resources;
