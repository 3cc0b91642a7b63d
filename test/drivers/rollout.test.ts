import type { RolloutNode } from '../../lib/drivers/rollout';
import { maxUnavailableOf, turns } from '../../lib/drivers/rollout';

const V1 = { wekaVersion: '4.4.5', sha256: 'a'.repeat(64) };
const V2 = { wekaVersion: '4.4.6', sha256: 'b'.repeat(64) };
const at = (driver: typeof V1, target = `loader-${driver.wekaVersion}`) => ({ ...driver, target });

/** A node that runs V1 and shall get V2. */
const upgrading = (name: string, more: Partial<RolloutNode> = {}): RolloutNode => ({
  name,
  wanted: at(V2),
  allowed: at(V1),
  loaded: V1,
  occupied: true,
  mounts: [],
  failed: false,
  ready: true,
  paused: false,
  ...more,
});
/** Without the named fields. */
const without = (node: RolloutNode, ...names: (keyof RolloutNode)[]): RolloutNode =>
  Object.fromEntries(Object.entries(node).filter(([name]) => !names.includes(name as never))) as unknown as RolloutNode;
const fresh = (name: string, more: Partial<RolloutNode> = {}): RolloutNode =>
  without(upgrading(name, { occupied: false, ...more }), 'allowed', 'loaded');

const said = (nodes: readonly RolloutNode[], budget = 1): string[] =>
  turns(nodes, budget).map((turn) =>
    turn.allowed ? `${turn.name} goes` : `${turn.name}: ${[turn.reason, ...turn.places].join(' ')}`,
  );

describe('who may change its driver now', () => {
  const table: Record<string, { nodes: RolloutNode[]; budget?: number; turns: string[] }> = {
    'nodes without a driver all go at once: they lose nothing': {
      nodes: [fresh('a'), fresh('b'), fresh('c')],
      turns: ['a goes', 'b goes', 'c goes'],
    },
    'an upgrade goes node by node, in the order of names': {
      nodes: [upgrading('b'), upgrading('a'), upgrading('c')],
      turns: ['a goes', 'b: WaitingForTurn', 'c: WaitingForTurn'],
    },
    'a node on its way holds its turn until the loader confirms': {
      nodes: [upgrading('a', { allowed: at(V2) }), upgrading('b')],
      turns: ['b: WaitingForTurn'],
    },
    'a node that is done makes room': {
      nodes: [upgrading('a', { allowed: at(V2), loaded: V2 }), upgrading('b')],
      turns: ['b goes'],
    },
    'a node that failed is skipped, the others go on': {
      nodes: [upgrading('a', { allowed: at(V2), failed: true }), upgrading('b')],
      turns: ['b goes'],
    },
    'more failures than the budget stop the rollout': {
      nodes: [
        upgrading('a', { allowed: at(V2), failed: true }),
        upgrading('b', { allowed: at(V2), failed: true }),
        upgrading('c'),
        fresh('d'),
      ],
      turns: ['c: RolloutHalted', 'd goes'],
    },
    'mounts keep a node where it is, and cost nobody a turn': {
      nodes: [upgrading('a', { mounts: ['/mnt/weka'] }), upgrading('b')],
      turns: ['a: DriverInUse /mnt/weka', 'b goes'],
    },
    'a node that is not Ready waits and costs nobody a turn': {
      nodes: [upgrading('a', { ready: false }), upgrading('b')],
      turns: ['a: NodeNotReady', 'b goes'],
    },
    'a fresh node that is not Ready may load when it comes back': {
      nodes: [fresh('a', { ready: false })],
      turns: ['a goes'],
    },
    'a paused node stays as it is': { nodes: [fresh('a', { paused: true })], turns: ['a: NodePaused'] },
    'modules that somebody else loaded count as a driver in use': {
      nodes: [fresh('a', { occupied: true, mounts: ['/mnt/weka'] })],
      turns: ['a: DriverInUse /mnt/weka'],
    },
    'another loader for the same driver disrupts nobody': {
      nodes: [
        upgrading('a', { wanted: at(V1, 'other') }),
        upgrading('b', { wanted: at(V1, 'other'), mounts: ['/mnt/weka'] }),
      ],
      turns: ['a goes', 'b goes'],
    },
    'the same version with other bytes goes node by node as well': {
      nodes: [upgrading('a', { wanted: at({ ...V1, sha256: V2.sha256 }) }), upgrading('b')],
      turns: ['a goes', 'b: WaitingForTurn'],
    },
    'nobody moves who has what is wanted, or wants nothing': {
      nodes: [upgrading('a', { wanted: at(V1) }), without(upgrading('b'), 'wanted')],
      turns: [],
    },
    'the budget is kept whatever is under way': {
      nodes: ['a', 'b', 'c', 'd'].map((name) => upgrading(name)),
      budget: 3,
      turns: ['a goes', 'b goes', 'c goes', 'd: WaitingForTurn'],
    },
  };
  test.each(Object.entries(table))('%s', (_sentence, { nodes, budget, turns: expected }) => {
    expect(said(nodes, budget)).toEqual(expected);
  });

  test('driven to the end, never more than the budget are between drivers, and a broken one holds nobody up', () => {
    let nodes = Array.from({ length: 40 }, (_, index) => upgrading(`n${String(index).padStart(2, '0')}`));
    let most = 0;
    for (let step = 0; step < 200; step++) {
      const going = new Set(turns(nodes, 4).flatMap((turn) => (turn.allowed ? [turn.name] : [])));
      nodes = nodes.map((node) => (going.has(node.name) ? { ...node, allowed: at(V2) } : node));
      const moving = nodes.filter((node) => node.allowed?.wekaVersion === V2.wekaVersion && node.loaded !== V2);
      most = Math.max(most, moving.filter(({ failed }) => !failed).length);
      const next = moving.find(({ failed }) => !failed)?.name;
      nodes = nodes.map((node) => {
        if (node.name !== next) return node;
        return node.name === 'n07' ? { ...node, failed: true } : { ...node, loaded: V2 };
      });
    }
    expect(most).toBe(4);
    expect(nodes.filter(({ loaded }) => loaded !== V2).map(({ name }) => name)).toEqual(['n07']);
  });
});

test.each([
  ['10%', 40, 4],
  ['10%', 3, 1],
  ['100%', 7, 7],
  [2, 40, 2],
  ['3', 40, 3],
  ['0', 40, 1],
  ['half', 40, 1],
])('maxUnavailable %s of %d nodes is %d', (value, nodes, expected) => {
  expect(maxUnavailableOf(value, nodes)).toBe(expected);
});
