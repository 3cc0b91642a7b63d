import { GROUP } from '../api/kind';
import type { Refused } from '../base/document';
import type { JsonValue } from '../base/json';
import { isJsonObject } from '../base/json';
import type { LiveObject, ObjectRef, OwnerReference } from '../base/kube-object';
import { groupOf } from '../base/kube-object';
import { LABEL } from '../base/names';
import { agentOf, isDriverMode } from '../container/modes';
import { GATEWAY_AUDIENCE } from '../drivers/agent-access';
import type { AgentId } from '../drivers/agent-documents';
import { containerAgent, DOCUMENT_KIND, nodeAgent } from '../drivers/agent-documents';
import { OBSERVER_ROLE } from '../drivers/observer-pod';

/**
 * Who is behind a token. An agent is what the operator's own picture of the cluster says of the Pod that its token is bound
 * to; nothing that it says of itself counts. Pure.
 */

/** The Pod that a token was given to, as the API server vouches for it. */
export interface PodClaim {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** Absent: the API server is too old to tell. */
  readonly node?: string;
}

/** An agent, and the kind of what it may tell. */
export interface AgentIdentity {
  readonly agent: AgentId;
  readonly observedKind: string;
}

/** What is known of a claimed Pod. */
export interface ClaimScope {
  readonly claim: PodClaim;
  /** The Pod of that name as cached. */
  readonly pod: LiveObject | undefined;
  /** Its controller as cached; see ownerOf. */
  readonly owner: LiveObject | undefined;
  readonly operatorNamespace: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

const EXTRA = 'authentication.kubernetes.io/';
const USER = /^system:serviceaccount:([^:]+):[^:]+$/;
/** Clocks differ, and a kubelet needs a moment to end a Pod whose grace period is over. */
const GRACE_MS = 30_000;

/** The Pod behind the status of a TokenReview, or why there is none. */
export const claimOf = (status: JsonValue | undefined): PodClaim | Refused => {
  if (!isJsonObject(status) || status['authenticated'] !== true) return { refused: 'the token is not valid' };
  const audiences = status['audiences'];
  if (!Array.isArray(audiences) || !audiences.includes(GATEWAY_AUDIENCE))
    return { refused: `the token is not for the audience ${GATEWAY_AUDIENCE}` };
  const user = isJsonObject(status['user']) ? status['user'] : {};
  const namespace = USER.exec(textOf(user['username']))?.[1];
  const extra = isJsonObject(user['extra']) ? user['extra'] : {};
  const [name, uid, node] = ['pod-name', 'pod-uid', 'node-name'].map((key) => firstOf(extra[`${EXTRA}${key}`]));
  if (namespace === undefined || name === undefined || uid === undefined)
    return { refused: 'the token is not bound to a Pod' };
  return { namespace, name, uid, ...(node === undefined ? {} : { node }) };
};

/** The controller of a Pod that can be an agent's, to be looked up. */
export const ownerOf = (pod: LiveObject): ObjectRef | undefined => {
  const owner = controllerOf(pod);
  return (
    owner && { apiVersion: owner.apiVersion, kind: owner.kind, namespace: pod.metadata.namespace, name: owner.name }
  );
};

/** Which agent the Pod of a claim is, or why it is none. */
export const identify = (scope: ClaimScope): AgentIdentity | Refused => {
  const { claim, pod, owner } = scope;
  const name = `Pod ${claim.namespace}/${claim.name}`;
  if (pod === undefined) return { refused: `${name} is not known` };
  const problem = podProblem(scope, pod);
  if (problem !== undefined) return { refused: `${name} ${problem}` };
  const reference = controllerOf(pod);
  if (reference === undefined || owner === undefined || owner.metadata.uid !== reference.uid)
    return { refused: `${name} is not one that the operator made` };
  return containerIdentity(pod, owner) ?? observerIdentity(scope, pod, owner) ?? { refused: `${name} runs no agent` };
};

const podProblem = ({ claim, now }: ClaimScope, pod: LiveObject): string | undefined => {
  const { uid, deletionTimestamp } = pod.metadata;
  const node = textOf(pod.spec?.['nodeName']);
  if (uid !== claim.uid) return 'is another one of that name';
  if (node === '') return 'is on no node';
  if (claim.node !== undefined && claim.node !== node) return 'is on another node';
  if (['Succeeded', 'Failed'].includes(textOf(pod.status?.['phase']))) return 'has ended';
  // The time at which its grace period is over.
  const over = deletionTimestamp !== undefined && Date.parse(deletionTimestamp) + GRACE_MS < now;
  return over ? 'is being deleted' : undefined;
};

/** The Pod of a WekaContainer has its name; a Pod of another name that claims the same owner is somebody's forgery. */
const containerIdentity = (pod: LiveObject, owner: LiveObject): AgentIdentity | undefined => {
  if (owner.kind !== 'WekaContainer' || groupOf(owner.apiVersion) !== GROUP) return undefined;
  const mode = textOf(owner.spec?.['mode']);
  if (!isDriverMode(mode) || pod.metadata.name !== owner.metadata.name) return undefined;
  const observedKind = agentOf(mode) === 'drivers-dist' ? DOCUMENT_KIND.distObserved : DOCUMENT_KIND.builderObserved;
  return { agent: containerAgent(owner.metadata.uid), observedKind };
};

/** Observers are Pods of one DaemonSet, in the namespace that only the operator may write to. */
const observerIdentity = (scope: ClaimScope, pod: LiveObject, owner: LiveObject): AgentIdentity | undefined => {
  if (owner.kind !== 'DaemonSet' || groupOf(owner.apiVersion) !== 'apps') return undefined;
  const ours = [pod, owner].every(({ metadata: { namespace, labels } }) => {
    return namespace === scope.operatorNamespace && labels?.[LABEL.childRole] === OBSERVER_ROLE;
  });
  if (!ours) return undefined;
  return { agent: nodeAgent(textOf(pod.spec?.['nodeName'])), observedKind: DOCUMENT_KIND.nodeObserved };
};

const controllerOf = (pod: LiveObject): OwnerReference | undefined =>
  pod.metadata.ownerReferences?.find(({ controller }) => controller === true);

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const firstOf = (value: JsonValue | undefined): string | undefined => {
  const first = Array.isArray(value) ? textOf(value[0]) : '';
  return first === '' ? undefined : first;
};
