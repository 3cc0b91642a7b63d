import type { Toleration } from '../api/common';
import type { DriverMode } from './modes';

const exists = (key: string, effect: string): Toleration => ({ key, operator: 'Exists', effect });

/**
 * A node that is cordoned for an upgrade needs its next driver before it comes back: whoever builds or serves it may go there.
 */
const cordoned = exists('node.kubernetes.io/unschedulable', 'NoSchedule');

/** Trouble on a node must not drive the containers away that repair it. */
const standing: readonly Toleration[] = [
  exists('weka.io/shutdown-node', 'NoExecute'),
  ...['not-ready', 'unreachable', 'network-unavailable', 'unschedulable'].map((name) =>
    exists(`node.kubernetes.io/${name}`, 'NoExecute'),
  ),
  ...['disk-pressure', 'cpu-pressure', 'memory-pressure'].flatMap((name) =>
    ['NoSchedule', 'NoExecute'].map((effect) => exists(`node.kubernetes.io/${name}`, effect)),
  ),
];

/** What driver containers tolerate beside what their spec says. A build goes elsewhere rather than to a node in trouble. */
export const driverTolerations = (mode: DriverMode): readonly Toleration[] =>
  mode === 'drivers-dist' ? [...standing, cordoned] : [cordoned];
