import type { Static } from '@sinclair/typebox';
import { Type } from '@sinclair/typebox';
import type { SpecDoc } from './field';
import { atomicList, field, optional } from './field';

/** A subnet in CIDR notation, IPv4 or IPv6. Shape only: the linter checks the numbers. */
export const CIDR_PATTERN = '^(([0-9]{1,3}\\.){3}[0-9]{1,3}/[0-9]{1,2}|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*/[0-9]{1,3})$';

/** One way of choosing interfaces of a node. */
export const networkSelector = Type.Object(
  {
    subnet: optional(
      Type.String(
        field({ does: 'Subnet in CIDR notation; interfaces with an address in it are chosen.', absent: 'any subnet' }),
      ),
    ),
    min: optional(
      Type.Integer(
        field({
          does: 'Fewest interfaces that must match; with fewer the container does not start.',
          unit: 'interfaces',
          absent: '0, no minimum',
        }),
      ),
    ),
    max: optional(
      Type.Integer(
        field({ does: 'Most interfaces taken from those that match.', unit: 'interfaces', absent: '0, no maximum' }),
      ),
    ),
    deviceNames: optional(
      atomicList(Type.String(), field({ does: 'Names of interfaces to choose from.', absent: 'any name' })),
    ),
  },
  { description: 'Chooses interfaces by subnet, by name, or by both.' },
);
export type NetworkSelector = Static<typeof networkSelector>;

/** Which interfaces carry data. */
const dataPath = {
  ethDevice: optional(
    Type.String(
      field({
        does: 'The one interface for data, by name, the same on every node. Not together with ethDevices.',
        absent: 'chosen by deviceSubnets or selectors; else UDP on the interface of the default route',
      }),
    ),
  ),
  ethDevices: optional(
    atomicList(
      Type.String(),
      field({
        does: 'Several interfaces for data, by name; their order is the order of slots. Not together with ethDevice.',
        absent: 'none',
      }),
    ),
  ),
  gateway: optional(
    Type.String(
      field({
        does: 'Gateway of the data network, where backends lie outside its subnet. One interface only.',
        absent: 'none, a flat network',
      }),
    ),
  ),
  udpMode: optional(
    Type.Boolean(
      field({
        does: 'Carries data over UDP and the kernel instead of DPDK; slower, works on any interface.',
        absent: 'false',
      }),
    ),
  ),
  deviceSubnets: optional(
    atomicList(
      Type.String({ pattern: CIDR_PATTERN }),
      field({
        does: 'Subnets in CIDR notation, IPv4 or IPv6; interfaces with an address in one of them carry data.',
        absent: 'none',
      }),
    ),
  ),
  selectors: optional(
    atomicList(
      networkSelector,
      field({
        does: 'Choose the interfaces for data, where names or subnets alone are not enough.',
        absent: 'none',
      }),
    ),
  ),
  nvidiaVfSingleIp: optional(
    Type.Boolean(
      field({ does: 'Lets several processes share one NVIDIA virtual function and its address.', absent: 'false' }),
    ),
  ),
};
/** Which addresses carry management traffic. */
const managementPath = {
  managementIpsSelectors: optional(
    atomicList(
      networkSelector,
      field({
        does: 'Choose the addresses for management traffic.',
        absent: 'the addresses of the interfaces for data; with UDP that of the default route',
      }),
    ),
  ),
  bindManagementAll: optional(
    Type.Boolean(
      field({
        does: 'Listens for management traffic on every address of the node instead of the management addresses only.',
        absent: 'false',
      }),
    ),
  ),
};

/** spec.network: the data path and the management addresses of containers. */
export const network = (doc: SpecDoc) => Type.Object({ ...dataPath, ...managementPath }, field(doc));
export type Network = Static<ReturnType<typeof network>>;
