/** How agents reach distribution services: by a Service, through what it selects, or by a Pod's address; as far as nobody blocks it. */
import { isJsonObject } from '../../lib/base/json';
import type { LiveObject } from '../../lib/base/kube-object';
import { readEndpoint } from '../../lib/drivers/endpoint';
import type { Store } from '../api/store';
import { isReady } from '../control-plane/daemon-set';

const SERVICE = { apiVersion: 'v1', kind: 'Service' };
const POD = { apiVersion: 'v1', kind: 'Pod' };

export class Network {
  /** Nodes from which nothing gets through to any service. */
  readonly blocked = new Set<string>();

  constructor(private readonly store: Store) {}

  /** The ready Pod that a URL leads to, or why it is not reached from a node. */
  podAt(url: string, node: string): { readonly pod: LiveObject } | { readonly cause: string } {
    const leads = this.leadsTo(url);
    if (leads === undefined) return { cause: 'its name is not known' };
    const pod = this.store.list(POD).find((each) => leads(each) && isReady(each));
    if (pod === undefined) return { cause: 'the connection is refused' };
    return this.blocked.has(node) ? { cause: 'no connection in time' } : { pod };
  }

  /** Which Pods a URL means: those of its Service, or the one with its address. */
  private leadsTo(url: string): ((pod: LiveObject) => boolean) | undefined {
    const { hostname } = new URL(url);
    if (/^[\d.]+$/.test(hostname)) return (pod) => pod.status?.podIP === hostname;
    const endpoint = readEndpoint(url, { registry: '', namespace: '' });
    if (endpoint?.kind !== 'service') return undefined;
    const service = this.store.get(SERVICE, { namespace: endpoint.namespace, name: endpoint.name });
    return service && ((pod) => selects(service, pod));
  }
}

const selects = ({ metadata, spec }: LiveObject, pod: LiveObject): boolean => {
  const selector = isJsonObject(spec?.selector) ? Object.entries(spec.selector) : [];
  return (
    metadata.namespace === pod.metadata.namespace &&
    selector.length > 0 &&
    selector.every(([key, value]) => pod.metadata.labels?.[key] === value)
  );
};
