/** How agents reach distribution services: by the name of a Service, through what it selects, as far as nobody blocks it. */
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

  /** The ready Pod behind the Service that a URL names, or why it is not reached from a node. */
  podAt(url: string, node: string): { readonly pod: LiveObject } | { readonly cause: string } {
    const endpoint = readEndpoint(url, { registry: '', namespace: '' });
    if (endpoint?.kind !== 'service') return { cause: 'its name is not known' };
    const service = this.store.get(SERVICE, { namespace: endpoint.namespace, name: endpoint.name });
    if (service === undefined) return { cause: 'its name is not known' };
    const pod = this.store.list(POD).find((each) => selects(service, each) && isReady(each));
    if (pod === undefined) return { cause: 'the connection is refused' };
    return this.blocked.has(node) ? { cause: 'no connection in time' } : { pod };
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
