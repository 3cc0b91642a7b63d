import { ERRORS, fillIn } from '../base/errors';
import type { LiveObject } from '../base/kube-object';
import type { AgentFailure } from './agent-result';
import { distsOf } from './dists';
import { readEndpoint } from './endpoint';
import type { WantedDriver } from './node-driver';

type Code = 'DistServiceMissing' | 'DistNoEndpoints' | 'DistPortBlocked';

const say = (code: Code, parameters: Readonly<Record<string, string>>): string =>
  `${fillIn(ERRORS[code].summary, parameters)} ${fillIn(ERRORS[code].remedy, parameters)}`;

/**
 * Which end is wrong when a loader did not reach its service: the Service itself, what is behind it, or the way there.
 * `undefined`: another failure, or a service that nobody here knows; then the loader's own words stand.
 */
export const explainUnreachable = (
  failure: AgentFailure,
  driver: WantedDriver | undefined,
  world: { readonly services: readonly LiveObject[]; readonly containers: readonly LiveObject[] },
): string | undefined => {
  const endpoint = readEndpoint(driver?.distEndpoint, { registry: '', namespace: '' });
  if (failure.code !== 'DistUnreachable' || endpoint?.kind !== 'service') return undefined;
  const service = `${endpoint.namespace}/${endpoint.name}`;
  const exists = world.services.some(
    ({ metadata: m }) => m.namespace === endpoint.namespace && m.name === endpoint.name,
  );
  const claimant = driver?.claimants?.[0] ?? 'an object that is gone';
  if (!exists) return say('DistServiceMissing', { service, claimant });
  const dist = distsOf(world.containers, world.services, () => undefined).find(({ services }) =>
    services.includes(service),
  );
  if (dist === undefined)
    return say('DistNoEndpoints', { service, cause: 'no WekaContainer of mode drivers-dist is selected by it' });
  const name = `${dist.container.metadata.namespace}/${dist.container.metadata.name}`;
  return dist.ready
    ? say('DistPortBlocked', { service, cause: failure.parameters['cause'] ?? 'no answer' })
    : say('DistNoEndpoints', { service, cause: `WekaContainer/${name} is not ready` });
};
