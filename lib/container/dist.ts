import type { KubeObject } from '../base/kube-object';
import type { DistDesired, DistObserved } from '../drivers/agent-documents';
import type { DistHoldings } from '../drivers/dist-holdings';
import type { Phase } from './phase';
import { done, going } from './phase';
import { isPodReady, podPhase, startTrouble, text, unscheduled } from './pod-status';

/** Present only while False: packages are refused for lack of space; what is stored stays served. */
export const STORAGE_AVAILABLE = 'StorageAvailable';

/** What a distribution service does, from its Pod. */
export const distPhase = (pod: KubeObject | undefined): Phase => {
  if (pod !== undefined && podPhase(pod) === 'Running')
    return isPodReady(pod)
      ? done('Running', 'The Pod is ready.')
      : going('PodRunning', 'PodNotReady', 'The Pod is running but not ready.');
  if (pod !== undefined && podPhase(pod) === 'Failed')
    return going('Error', 'PodFailed', `The Pod failed: ${failureOf(pod)}; it is replaced.`);
  const nowhere = unscheduled(pod);
  if (nowhere !== undefined) return going('PodNotRunning', 'PodNotRunning', `No node takes the Pod: ${nowhere}`);
  const trouble = startTrouble(pod);
  const message = trouble === undefined ? 'The Pod is not running yet.' : `The Pod does not start: ${trouble}.`;
  return going('PodNotRunning', 'PodNotRunning', message);
};

const failureOf = (pod: KubeObject): string =>
  text(pod.status?.['message']).replace(/\.$/, '') || 'it says nothing more';

/** A Pod that failed is replaced no sooner than this long after it was made. */
const REPLACE_MS = 30_000;

/**
 * Milliseconds until a Pod that has failed makes room for the next one; 0: now; `undefined`: it has not. Kubernetes never
 * starts such a Pod again (it was evicted, or its deadline passed); the pause keeps a node in trouble from eating one after
 * another.
 */
export const untilReplaced = (pod: KubeObject | undefined, now: number): number | undefined => {
  if (pod === undefined || podPhase(pod) !== 'Failed') return undefined;
  const age = now - Date.parse(pod.metadata.creationTimestamp ?? '');
  return age >= 0 && age < REPLACE_MS ? REPLACE_MS - age : 0;
};

/**
 * The node that a service with a directory of a node stays on: the one it is told, else the one where its packages lie. A node
 * that is gone holds nobody: it then moves, and is filled again.
 */
export const pinnedNode = (
  { nodeAffinity = '' }: { readonly nodeAffinity?: string },
  lastNode: string | undefined,
  nodeExists: (name: string) => boolean,
): string | undefined => {
  if (nodeAffinity !== '') return nodeAffinity;
  return lastNode !== undefined && lastNode !== '' && nodeExists(lastNode) ? lastNode : undefined;
};

/** What a service is told, all of it. */
export interface DistOrders {
  readonly holdings: DistHoldings;
  readonly permitKey: string;
  readonly certificate: string | undefined;
  readonly extraCA: string | undefined;
  readonly proxy: DistDesired['proxy'] | undefined;
}

export const distDesired = ({ holdings, permitKey, certificate, extraCA, proxy }: DistOrders): DistDesired => ({
  ...holdings,
  permitKeys: [permitKey],
  ...(certificate === undefined ? {} : { certificate }),
  ...(extraCA === undefined ? {} : { extraCA }),
  ...(proxy === undefined ? {} : { proxy }),
});

/** DNS names and addresses under which a service is dialled: through each Service that leads to it, and directly. */
export const distNames = (services: readonly string[], podIP: string): readonly string[] => {
  const names = services.flatMap((service) => {
    const [namespace = '', name = ''] = service.split('/');
    const short = `${name}.${namespace}`;
    return [`${short}.svc.cluster.local`, `${short}.svc`, short, name];
  });
  return [...names, ...(podIP === '' ? [] : [podIP])];
};

/** Why new packages are refused; `undefined`: they are not. */
export const fullStorage = (observed: DistObserved | undefined): string | undefined =>
  observed?.full === true
    ? 'The storage of the distribution service is full: free space there, or give it more. What is stored stays served.'
    : undefined;
