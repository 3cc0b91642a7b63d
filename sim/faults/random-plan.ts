/** Fault plans drawn from a seed: one to a few faults, each anywhere in the time in which something happens. */
import type { Random } from '../../controllers/runtime/random';
import { between, forkRandom } from '../random';
import type { Fault, FaultName, FaultPlan } from './plan';
import { POD_FAILURES } from './plan';

/** What plans are drawn for. */
export interface Playground {
  /** Names of nodes. */
  readonly nodes: readonly string[];
  /** Faults begin within these virtual milliseconds. */
  readonly spanMs: number;
  /** The manager's writes are about so many. */
  readonly writes: number;
  /** The operator image of the scenario: a version that comes meanwhile is followed by this one again. */
  readonly image: string;
}

const MOST_FAULTS = 4;
const KINDS = ['', '', 'Pod', 'WekaContainer', 'WekaPolicy', 'WekaNode', 'Service', 'Node'] as const;

const oneOf = <T>(random: Random, list: readonly T[]): T => list[between(random, 0, list.length - 1)] as T;

type Draw = (random: Random, ground: Playground) => readonly Fault[];

const span = (random: Random, { spanMs }: Playground) => ({
  at: between(random, 0, spanMs),
  for: between(random, 1_000, 90_000),
});
const share = (random: Random): number => oneOf(random, [1, 1, 0.5, 0.2]);

const DRAWS: Readonly<Record<FaultName, Draw>> = {
  crash: (random, { writes }) => [
    {
      fault: 'crash',
      write: between(random, 1, writes),
      when: oneOf(random, ['before', 'after'] as const),
      down: between(random, 100, 60_000),
    },
  ],
  version: (random, ground) => {
    const at = between(random, 0, ground.spanMs);
    const next = at + between(random, 1_000, 60_000);
    return [
      { fault: 'version', at, image: 'registry.example/weka-operator:other', down: between(random, 100, 10_000) },
      { fault: 'version', at: next, image: ground.image, down: between(random, 100, 10_000) },
    ];
  },
  'second-manager': (random, ground) => [{ fault: 'second-manager', ...span(random, ground) }],
  'clock-jump': (random, { spanMs }) => [
    { fault: 'clock-jump', at: between(random, 0, spanMs), by: between(random, -600_000, 600_000) },
  ],
  events: (random, ground) => [
    {
      fault: 'events',
      effect: oneOf(random, ['drop', 'delay', 'duplicate', 'rewind'] as const),
      ...span(random, ground),
      by: between(random, 10, 30_000),
      kind: oneOf(random, KINDS),
      share: share(random),
    },
  ],
  'watches-end': (random, { spanMs }) => [
    {
      fault: 'watches-end',
      at: between(random, 0, spanMs),
      how: oneOf(random, ['closed', 'cut', 'expired'] as const),
    },
  ],
  'stale-lists': (random, ground) => {
    const window = span(random, ground);
    return [
      { fault: 'stale-lists', ...window, by: between(random, 100, 60_000), kind: oneOf(random, KINDS) },
      // A list is only made when a watch is lost or a manager starts.
      { fault: 'watches-end', at: window.at + Math.floor(window.for / 2), how: 'expired' },
    ];
  },
  api: (random, ground) => [
    {
      fault: 'api',
      answer: oneOf(random, ['conflict', 'busy', 'error', 'timeout', 'unreachable'] as const),
      effect: oneOf(random, ['none', 'done'] as const),
      calls: oneOf(random, ['all', 'reads', 'writes', 'writes'] as const),
      ...span(random, ground),
      kind: oneOf(random, KINDS),
      share: share(random),
    },
  ],
  slow: (random, ground) => [
    { fault: 'slow', ...span(random, ground), by: between(random, 10, 15_000), share: share(random) },
  ],
  'node-reboot': (random, { nodes, spanMs }) => [
    {
      fault: 'node-reboot',
      node: oneOf(random, nodes),
      at: between(random, 0, spanMs),
      down: between(random, 1_000, 90_000),
    },
  ],
  'node-loss': (random, ground) => [{ fault: 'node-loss', node: oneOf(random, ground.nodes), ...span(random, ground) }],
  'node-gone': (random, ground) => [{ fault: 'node-gone', node: oneOf(random, ground.nodes), ...span(random, ground) }],
  'agents-cut': (random, ground) => [
    { fault: 'agents-cut', node: oneOf(random, ground.nodes), ...span(random, ground) },
  ],
  pod: (random, ground) => [
    {
      fault: 'pod',
      as: oneOf(random, POD_FAILURES),
      pod: oneOf(random, ['', 'dist', 'builder']),
      ...span(random, ground),
    },
  ],
};

const NAMES = Object.keys(DRAWS) as FaultName[];

/** The plan of a seed. */
export const randomPlan = (seed: number, ground: Playground): FaultPlan => {
  const random = forkRandom(seed, 'plan');
  const count = between(random, 1, MOST_FAULTS);
  return { faults: Array.from({ length: count }, () => DRAWS[oneOf(random, NAMES)](random, ground)).flat() };
};
