/** The faults that strike at a moment of the clock: nodes, Pods, watches, processes, the time itself. */
import type { SimCluster } from '../cluster';
import type { FaultInjector } from './injector';
import type { Fault, FaultPlan, Named } from './plan';
import { befallPods } from './pod-faults';

/** What the one who runs the managers does when a fault asks for it. */
export interface ManagerControl {
  readonly changeVersion: (fault: Named<'version'>) => void;
  /** The result stops the second manager. */
  readonly startSecond: () => () => void;
  /** The wall clock of every manager jumps. */
  readonly jump: (ms: number) => void;
}

/** Where faults of agents strike. */
export interface AgentControl {
  /** Cuts the agents on a node off. The result ends that. */
  readonly cut: (node: string) => () => void;
}

/** Everything that faults take hold of. */
export interface FaultGround {
  readonly cluster: SimCluster;
  readonly agents: AgentControl;
  readonly managers: ManagerControl;
}

type Ends = (() => void) | undefined;

/** Sets an alarm for each fault of the plan that has a time. */
export const scheduleFaults = (plan: FaultPlan, injector: FaultInjector, ground: FaultGround): void => {
  for (const fault of plan.faults) {
    if (fault.fault === 'crash') continue;
    const { clock } = ground.cluster;
    clock.after(fault.at, () => {
      const ends = begin(fault, injector, ground);
      if (ends !== undefined && 'for' in fault) clock.after(fault.for, ends);
    });
  }
};

const begin = (fault: Fault, injector: FaultInjector, { cluster, agents, managers: control }: FaultGround): Ends => {
  const strike = (text: string): void => injector.strike(fault.fault, text);
  switch (fault.fault) {
    case 'version':
      strike(`the manager of ${fault.image} takes over`);
      return control.changeVersion(fault) as undefined;
    case 'second-manager':
      strike('a second manager starts');
      return control.startSecond();
    case 'clock-jump':
      strike(`the clock of the manager jumps by ${fault.by} ms`);
      return control.jump(fault.by) as undefined;
    case 'watches-end':
      strike(`all watches end: ${fault.how}`);
      return injector.endStreams(fault.how) as undefined;
    case 'agents-cut':
      strike(`the agents on ${fault.node} are cut off`);
      return agents.cut(fault.node);
    case 'pod':
      return befallPods(fault, cluster, strike);
    case 'node-reboot':
    case 'node-loss':
    case 'node-gone':
      return node(fault, cluster, strike);
    default:
      return undefined;
  }
};

const node = (
  fault: Named<'node-reboot'> | Named<'node-loss'> | Named<'node-gone'>,
  { nodes }: SimCluster,
  strike: (text: string) => void,
): Ends => {
  const name = fault.node;
  if (!nodes.has(name)) return undefined;
  strike(`${name} ${WORDS[fault.fault]}`);
  if (fault.fault === 'node-reboot') {
    nodes.reboot(name, { downMs: fault.down });
    return undefined;
  }
  if (fault.fault === 'node-loss') {
    nodes.stop(name);
    return () => {
      if (nodes.has(name)) nodes.start(name);
    };
  }
  const spec = nodes.specOf(name);
  nodes.remove(name);
  return () => {
    if (!nodes.has(name)) nodes.add(spec);
  };
};

const WORDS = { 'node-reboot': 'reboots', 'node-loss': 'falls silent', 'node-gone': 'leaves the cluster' } as const;
