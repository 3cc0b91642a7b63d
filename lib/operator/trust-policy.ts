import type { JsonObject } from '../base/json';
import type { Manifest } from '../base/kube-object';
import { GROUP, VERSION } from '../api/kind';
import { LABEL } from '../base/names';
import { LOADER_ROLE } from '../drivers/loader-daemon-set';
import { OBSERVER_ROLE } from '../drivers/observer-pod';

/**
 * Who may write what decides which code runs in kernels: the operator's account alone. Roles can't say that (an administrator of
 * the namespace may write every ConfigMap in it), so admission does.
 */

const API_VERSION = 'admissionregistration.k8s.io/v1';

/** One thing that only the operator writes. */
interface Guard {
  readonly name: string;
  readonly rules: readonly JsonObject[];
  /** Only in the operator's namespace. */
  readonly inNamespace: boolean;
  /** CEL: whether a request touches what is guarded. Others pass unasked. */
  readonly touches: string;
  readonly message: string;
}

const rule = (apiGroup: string, apiVersion: string, resources: readonly string[]): JsonObject => ({
  apiGroups: [apiGroup],
  apiVersions: [apiVersion],
  operations: ['CREATE', 'UPDATE', 'DELETE'],
  resources: [...resources],
});

/** CEL: `test` of the object as it would be, or of the one that there was. A deletion has no new object, a creation no old one. */
const either = (test: (side: string) => string): string =>
  ['object', 'oldObject'].map((side) => `(${side} != null && ${test(side)})`).join(' || ');

const label = (side: string, key: string): string =>
  `(has(${side}.metadata.labels) && '${key}' in ${side}.metadata.labels)`;

const hasRole = (roles: readonly string[]) => (side: string) =>
  `${label(side, LABEL.childRole)} && ${side}.metadata.labels['${LABEL.childRole}'] in [${roles.map((role) => `'${role}'`).join(', ')}]`;

const labelOf = (side: string, key: string): string =>
  `(${side} != null && ${label(side, key)} ? ${side}.metadata.labels['${key}'] : '')`;

const driverOf = (side: string): string => `(${side} != null && has(${side}.spec) && has(${side}.spec.driver))`;

const REMEDY = 'is written by the operator alone; change the WekaCluster, WekaClient or WekaPolicy instead';

const GUARDS: readonly Guard[] = [
  {
    name: 'weka-operator-loaders',
    rules: [rule('apps', 'v1', ['daemonsets'])],
    inNamespace: true,
    touches: either(hasRole([LOADER_ROLE, OBSERVER_ROLE])),
    message: `A loader or observer of drivers ${REMEDY}.`,
  },
  {
    name: 'weka-operator-index',
    rules: [rule('', 'v1', ['configmaps'])],
    inNamespace: true,
    touches: either((side) => `(${label(side, LABEL.driversIndex)} || ${side}.metadata.name == 'weka-operator-ca')`),
    message: `The index of driver packages, and the certificates that agents trust, ${REMEDY.replace('is', 'are')}.`,
  },
  {
    name: 'weka-operator-node-drivers',
    rules: [rule(GROUP, VERSION, ['wekanodes'])],
    inNamespace: false,
    touches: `${driverOf('object')} != ${driverOf('oldObject')} || (${driverOf('object')} && ${driverOf('oldObject')} && object.spec.driver != oldObject.spec.driver)`,
    message: `spec.driver of a WekaNode ${REMEDY}.`,
  },
  {
    name: 'weka-operator-node-targets',
    rules: [{ ...rule('', 'v1', ['nodes']), operations: ['CREATE', 'UPDATE'] }],
    inNamespace: false,
    touches: `${labelOf('object', LABEL.driversTarget)} != ${labelOf('oldObject', LABEL.driversTarget)}`,
    message: `The label ${LABEL.driversTarget} of a Node ${REMEDY}.`,
  },
];

const policyOf = (
  { name, rules, inNamespace, touches, message }: Guard,
  namespace: string,
  username: string,
): Manifest => ({
  apiVersion: API_VERSION,
  kind: 'ValidatingAdmissionPolicy',
  metadata: { name },
  spec: {
    failurePolicy: 'Fail',
    matchConstraints: {
      ...(inNamespace ? { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } } } : {}),
      resourceRules: [...rules],
    },
    matchConditions: [
      { name: 'guarded', expression: touches },
      // Controllers of Kubernetes collect what has lost its owner, and empty namespaces that are deleted.
      { name: 'not-by-a-controller', expression: "!('system:serviceaccounts:kube-system' in request.userInfo.groups)" },
    ],
    validations: [{ expression: `request.userInfo.username == '${username}'`, message, reason: 'Forbidden' }],
  },
});

const bindingOf = ({ name }: Guard): Manifest => ({
  apiVersion: API_VERSION,
  kind: 'ValidatingAdmissionPolicyBinding',
  metadata: { name },
  spec: { policyName: name, validationActions: ['Deny'] },
});

/**
 * Admission policies and their bindings. `namespace`: the operator's. `username`: of its account, as the API server names it
 * (`system:serviceaccount:NAMESPACE:NAME`).
 */
export const trustPolicies = (namespace: string, username: string): Manifest[] =>
  GUARDS.flatMap((guard) => [policyOf(guard, namespace, username), bindingOf(guard)]);
