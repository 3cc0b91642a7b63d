import { isJsonObject } from '../base/json';
import type { LiveObject } from '../base/kube-object';
import { LABEL } from '../base/names';
import { propagated } from '../base/propagation';
import { conditionsOf, isTrue } from '../base/conditions';
import { matchesSelector } from '../nodes/node-facts';
import type { DistObserved, HeldPackage } from './agent-documents';
import type { DistEndpoint } from './endpoint';

/** A distribution service that this operator runs: the container, and how it is reached. */
export interface ManagedDist {
  readonly container: LiveObject;
  /** Services that lead to it, as `namespace/name`, sorted. */
  readonly services: readonly string[];
  /** `https://service.namespace.svc.cluster.local:port` of the first of them; `undefined`: no Service selects it. */
  readonly url?: string;
  readonly ready: boolean;
  /** Name of the policy that it belongs to, in its namespace. */
  readonly policy?: string;
  /** Whether it has told what it holds since this operator leads. */
  readonly told: boolean;
  /** What it holds, by package id. */
  readonly held: ReadonlyMap<string, HeldPackage>;
}

/** Labels of the Pod of a distribution service, as far as Services select by them. */
const podLabels = (container: LiveObject): Record<string, string> => ({
  ...propagated(container.metadata.labels),
  [LABEL.mode]: 'drivers-dist',
});

const selects = (service: LiveObject, container: LiveObject): boolean => {
  const selector = service.spec?.['selector'];
  if (service.metadata.namespace !== container.metadata.namespace || !isJsonObject(selector)) return false;
  return Object.keys(selector).length > 0 && matchesSelector(podLabels(container), selector as Record<string, string>);
};

const portOf = (service: LiveObject): number | undefined => {
  const ports = service.spec?.['ports'];
  const first = Array.isArray(ports) ? ports.find(isJsonObject) : undefined;
  return typeof first?.['port'] === 'number' ? first['port'] : undefined;
};

const nameOf = ({ metadata }: LiveObject): string => `${metadata.namespace ?? ''}/${metadata.name}`;

const urlOf = (service: LiveObject | undefined): { url?: string } => {
  const port = service === undefined ? undefined : portOf(service);
  const { name, namespace } = service?.metadata ?? {};
  return port === undefined ? {} : { url: `https://${name}.${namespace}.svc.cluster.local:${port}` };
};

/** The distribution services among `containers`. `observed`: what the agent of a container has told. */
export const distsOf = (
  containers: readonly LiveObject[],
  services: readonly LiveObject[],
  observed: (container: LiveObject) => DistObserved | undefined,
): readonly ManagedDist[] =>
  containers
    .filter(({ spec, metadata }) => spec?.['mode'] === 'drivers-dist' && metadata.deletionTimestamp === undefined)
    .map((container) => {
      const leading = services.filter((service) => selects(service, container));
      const told = observed(container);
      const policy = container.metadata.ownerReferences?.find(({ kind }) => kind === 'WekaPolicy')?.name;
      return {
        container,
        services: leading.map(nameOf).sort(),
        ...urlOf([...leading].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))[0]),
        ready: isTrue(conditionsOf(container), 'Ready'),
        ...(policy === undefined ? {} : { policy }),
        told: told !== undefined,
        held: new Map((told?.packages ?? []).map((held) => [held.id, held])),
      };
    });

/** The managed service that an endpoint leads to; `undefined`: nobody here runs it. */
export const distAt = (endpoint: DistEndpoint, dists: readonly ManagedDist[]): ManagedDist | undefined =>
  endpoint.kind === 'service'
    ? dists.find(({ services }) => services.includes(`${endpoint.namespace}/${endpoint.name}`))
    : undefined;
