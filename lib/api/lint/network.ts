import type { JsonObject } from '../../base/json';
import { endpointHost, hostPort, isCidr } from './address';
import { valueAt } from './path';
import { placeholderIn } from './placeholders';
import type { LintRule, RuleFinding } from './rule';
import { textAt, textsAt, when } from './rule';

const given = (object: JsonObject, ...path: string[]): boolean => {
  const value = valueAt(object, path);
  return value !== undefined && value !== null && value !== '' && !(Array.isArray(value) && value.length === 0);
};

const checkNothingToJoin = (object: JsonObject): readonly RuleFinding[] =>
  when(!given(object, 'spec', 'targetCluster') && !given(object, 'spec', 'joinIpPorts'), () => ({
    path: ['spec', 'targetCluster'],
    message: 'The client has nothing to join.',
    remedy:
      'Set spec.targetCluster (name, namespace) for a cluster in this Kubernetes cluster, or spec.joinIpPorts for one outside.',
  }));

const checkBothTargets = (object: JsonObject): readonly RuleFinding[] =>
  when(given(object, 'spec', 'targetCluster') && given(object, 'spec', 'joinIpPorts'), () => ({
    path: ['spec', 'joinIpPorts'],
    message: 'Both targetCluster and joinIpPorts are given; joinIpPorts is ignored.',
    remedy: 'Keep targetCluster for a cluster in this Kubernetes cluster, joinIpPorts for one outside.',
  }));

const checkHostPorts = (object: JsonObject): readonly RuleFinding[] =>
  ['joinIpPorts', 'expandEndpoints'].flatMap((key) =>
    textsAt(object, ['spec', key]).flatMap(({ path, value }) =>
      when(hostPort(value) === undefined && placeholderIn(value) === undefined, () => ({
        path,
        message: `"${value}" is not HOST:PORT.`,
        remedy: 'Write an address and the port of a WEKA process, such as 10.0.2.137:14000 or [fd00::1]:14000.',
      })),
    ),
  );

const checkDevices = (object: JsonObject): readonly RuleFinding[] => {
  const chosen = ['ethDevice', 'ethDevices', 'deviceSubnets'].filter((key) => given(object, 'spec', 'network', key));
  return when(chosen.length > 1, () => ({
    path: ['spec', 'network', chosen[1] ?? ''],
    message: `${chosen.join(' and ')} choose network devices in different ways at once.`,
    remedy: 'Keep one: deviceSubnets where names differ between nodes, else ethDevice or ethDevices.',
  }));
};

const checkSubnets = (object: JsonObject): readonly RuleFinding[] =>
  textsAt(object, ['spec', 'network', 'deviceSubnets']).flatMap(({ path, value }) =>
    when(!isCidr(value) && placeholderIn(value) === undefined, () => ({
      path,
      message: `"${value}" is not a subnet.`,
      remedy: 'Write ADDRESS/PREFIX, such as 10.100.0.0/16 or fd00:100::/64.',
    })),
  );

const checkEndpoint = (object: JsonObject): readonly RuleFinding[] => {
  const endpoint = textAt(object, ['spec', 'driversDistService']);
  if (endpoint === undefined || endpoint === '' || placeholderIn(endpoint) !== undefined) return [];
  return when(endpointHost(endpoint) === undefined, () => ({
    path: ['spec', 'driversDistService'],
    message: `"${endpoint}" is not an address of a driver distribution service.`,
    remedy: 'Write https://SERVICE.NAMESPACE.svc.cluster.local:60002, or HOST:PORT, which means https.',
  }));
};

const checkServiceHost = (object: JsonObject): readonly RuleFinding[] => {
  const endpoint = textAt(object, ['spec', 'driversDistService']) ?? '';
  const host = endpointHost(endpoint) ?? '';
  const labels = host.split('.');
  const service = labels.indexOf('svc');
  return when(service === 1 || (service > 1 && service === labels.length - 1), () => ({
    path: ['spec', 'driversDistService'],
    message: `"${host}" does not resolve: ${service === 1 ? 'the namespace of the Service is missing' : 'the domain of the cluster is missing'}.`,
    remedy: 'Write SERVICE.NAMESPACE.svc.cluster.local (with the domain of your cluster if it has another).',
  }));
};

const checkUdp = (object: JsonObject): readonly RuleFinding[] =>
  when(valueAt(object, ['spec', 'network', 'udpMode']) === true, () => ({
    path: ['spec', 'network', 'udpMode'],
    message: 'UDP mode works everywhere, at a fraction of the throughput of DPDK.',
    remedy: 'Keep it where no device supports DPDK; else choose devices with ethDevice, ethDevices or deviceSubnets.',
  }));

/** Rules about addresses and devices. */
export const networkRules: readonly LintRule[] = [
  {
    id: 'client-joins-nothing',
    severity: 'error',
    kinds: ['WekaClient'],
    finds: 'A WekaClient with neither targetCluster nor joinIpPorts.',
    why: 'It never joins anything; a published page shows one.',
    check: checkNothingToJoin,
  },
  {
    id: 'client-joins-twice',
    severity: 'warning',
    kinds: ['WekaClient'],
    finds: 'A WekaClient with both targetCluster and joinIpPorts.',
    why: 'Only targetCluster counts, and the addresses are out of date one day.',
    check: checkBothTargets,
  },
  {
    id: 'host-port',
    severity: 'error',
    kinds: ['WekaCluster', 'WekaClient', 'WekaContainer'],
    finds: 'Entries of joinIpPorts and expandEndpoints that are not HOST:PORT.',
    why: 'The container could not join.',
    check: checkHostPorts,
  },
  {
    id: 'network-device-choice',
    severity: 'warning',
    kinds: ['WekaCluster', 'WekaClient', 'WekaContainer'],
    finds: 'More than one of ethDevice, ethDevices and deviceSubnets.',
    why: 'Which one wins is not obvious, and the others are forgotten when hardware changes.',
    check: checkDevices,
  },
  {
    id: 'device-subnet',
    severity: 'error',
    kinds: ['WekaCluster', 'WekaClient', 'WekaContainer'],
    finds: 'Entries of network.deviceSubnets that are not an IPv4 or IPv6 subnet.',
    why: 'No device would match.',
    check: checkSubnets,
  },
  {
    id: 'drivers-endpoint',
    severity: 'error',
    kinds: ['WekaCluster', 'WekaClient', 'WekaContainer'],
    finds: 'A driversDistService that is neither a http(s) URL nor HOST:PORT.',
    why: 'No node could fetch a driver.',
    check: checkEndpoint,
  },
  {
    id: 'drivers-service-host',
    severity: 'warning',
    kinds: ['WekaCluster', 'WekaClient', 'WekaContainer'],
    finds:
      'A driversDistService host such as name.svc.local: without the namespace or without the domain of the cluster.',
    why: 'Such a name does not resolve on a node; the driver management page shows one.',
    check: checkServiceHost,
  },
  {
    id: 'udp-mode',
    severity: 'warning',
    kinds: ['WekaCluster', 'WekaClient', 'WekaContainer'],
    finds: 'network.udpMode: true.',
    why: 'It is often left over from a test, and costs most of the throughput.',
    check: checkUdp,
  },
];
