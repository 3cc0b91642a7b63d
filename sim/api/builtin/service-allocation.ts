/** Addresses and node ports of Services: the lowest free ones, so that a run is reproducible. */
import type { JsonObject } from '../../../lib/base/json';
import { isJsonObject } from '../../../lib/base/json';
import type { LiveObject } from '../../../lib/base/kube-object';
import type { Core } from '../core';
import { each, fill } from './pod-defaults';
import { textOf } from '../../text';

const SERVICE = { apiVersion: 'v1', kind: 'Service' };
const FIRST_NODE_PORT = 30000;

/** The spec of a new Service with cluster IP and node ports. */
export const allocateService = (spec: JsonObject, core: Core): JsonObject => {
  if (spec.type === 'ExternalName') return spec;
  const services = core.store.list(SERVICE);
  const clusterIP =
    typeof spec.clusterIP === 'string' && spec.clusterIP !== '' ? spec.clusterIP : freeAddress(services);
  const families = { ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' };
  const addressed = { ...fill(spec, families), clusterIP, clusterIPs: [clusterIP] };
  return spec.type === 'NodePort' || spec.type === 'LoadBalancer' ? withNodePorts(addressed, services) : addressed;
};

const freeAddress = (services: readonly LiveObject[]): string => {
  const used = new Set(services.map((service) => service.spec?.clusterIP));
  for (let host = 10; ; host++) {
    const address = `10.96.${host >> 8}.${host & 255}`;
    if (!used.has(address)) return address;
  }
};

const withNodePorts = (spec: JsonObject, services: readonly LiveObject[]): JsonObject => {
  const used = new Set(services.flatMap((service) => portsOf(service.spec ?? {}).map((port) => port.nodePort)));
  return each(spec, 'ports', (port) => {
    if (port.nodePort !== undefined && port.nodePort !== 0) return port;
    let nodePort = FIRST_NODE_PORT;
    while (used.has(nodePort)) nodePort++;
    used.add(nodePort);
    return fill(port, { nodePort });
  });
};

const portsOf = (spec: JsonObject): JsonObject[] => (Array.isArray(spec.ports) ? spec.ports.filter(isJsonObject) : []);

const NODE_PORT_FIELDS = ['externalTrafficPolicy', 'allocateLoadBalancerNodePorts'] as const;

/** A Service that is no longer reached from outside gives up what that needed, unless it says otherwise just now. */
const withoutNodePorts = (spec: JsonObject, old: JsonObject): JsonObject => {
  if (old.type !== 'NodePort' && old.type !== 'LoadBalancer') return spec;
  const kept = each(spec, 'ports', ({ nodePort, ...port }) => {
    const before = portsOf(old).some((each) => each.nodePort === nodePort);
    return nodePort === undefined || before ? port : { ...port, nodePort };
  });
  const rest: JsonObject = { ...kept };
  for (const name of NODE_PORT_FIELDS) if (rest[name] === old[name]) delete rest[name];
  return rest;
};

/** The spec of a changed Service with a node port for each port that needs one and has none. */
export const allocateMissing = (spec: JsonObject, core: Core): JsonObject =>
  spec.type === 'NodePort' || spec.type === 'LoadBalancer' ? withNodePorts(spec, core.store.list(SERVICE)) : spec;

/** What an update that leaves them out keeps: addresses and node ports are never lost by omission. */
export const keepAllocation = (given: JsonObject, old: JsonObject): JsonObject => {
  if (given.type === 'ExternalName') return given;
  const { clusterIP, clusterIPs, ipFamilies, ipFamilyPolicy } = old;
  const addressed =
    ipFamilies === undefined ? given : fill(given, { ipFamilies, ipFamilyPolicy: ipFamilyPolicy ?? null });
  const spec = given.type === 'ClusterIP' || given.type === undefined ? withoutNodePorts(addressed, old) : addressed;
  const kept =
    clusterIP === undefined ? spec : fill(spec, { clusterIP, ...(clusterIPs === undefined ? {} : { clusterIPs }) });
  if (spec.type !== old.type) return kept;
  const before = new Map(portsOf(old).map((port) => [`${textOf(port.protocol)}/${textOf(port.port)}`, port.nodePort]));
  return each(kept, 'ports', (port) => {
    const nodePort = before.get(`${textOf(port.protocol ?? 'TCP')}/${textOf(port.port)}`);
    return nodePort === undefined ? port : fill(port, { nodePort });
  });
};
