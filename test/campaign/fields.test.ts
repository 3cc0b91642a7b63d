import { walkFields } from '../../cli/scenario/field-campaign';
import { leavesOf, valuesFor, withValue } from '../../cli/scenario/field-values';
import { KINDS } from '../../lib/api/kinds';
import type { JsonObject } from '../../lib/base/json';
import { typeNamed } from './kinds';

jest.setTimeout(300_000);

const IMAGE = 'registry.example/weka:4.4.5';
const BASES: Readonly<Record<string, JsonObject>> = {
  WekaPolicy: {
    type: 'enable-local-drivers-distribution',
    image: IMAGE,
    payload: { driverDistPayload: { ensureImages: [IMAGE] } },
  },
  WekaContainer: { name: 'dist', mode: 'drivers-dist', image: IMAGE, agentPort: 60001, port: 60002, numCores: 1 },
  WekaCluster: { template: 'dynamic', image: IMAGE, dynamicTemplate: { computeContainers: 6, driveContainers: 6 } },
  WekaClient: { image: IMAGE, targetCluster: { name: 'prod', namespace: 'default' } },
  WekaManualOperation: {
    action: 'sign-drives',
    image: IMAGE,
    payload: { signDrivesPayload: { type: 'all-not-root' } },
  },
  WekaNode: { blockedDrives: ['serial-1'] },
};

/** Fields that can't come back, and why. */
const ONE_WAY: readonly string[] = [
  // Transition rules: what was set once is kept.
  'WekaCluster dynamicTemplate.driveCapacity',
  'WekaCluster dynamicTemplate.containerCapacity',
  'WekaCluster failureDomain',
  'WekaCluster stripeWidth',
  'WekaCluster redundancyLevel',
  'WekaCluster ipv6',
  // Nobody owns an empty set, so server-side apply has nothing to take away again.
  'WekaNode blockedDriveUUIDs',
];

test.each(Object.entries(BASES))(
  'every field of %s: there and back again to the same state, and then quiet',
  async (kind, base) => {
    const returns = (path: readonly string[]): boolean =>
      !ONE_WAY.some((field) => `${kind} ${path.join('.')}.`.startsWith(`${field}.`));
    const { fields, taken, problems } = await walkFields(typeNamed(kind), base, returns);
    expect(problems).toEqual([]);
    expect(fields).toBeGreaterThan(kind === 'WekaNode' ? 8 : 20);
    // Of a WekaNode most fields are the driver, which the operator alone decides: what others write there is put back.
    expect(taken).toBeGreaterThan(kind === 'WekaNode' ? 3 : fields / 3);
  },
);

describe('the fields of a schema', () => {
  const schema = {
    type: 'object',
    properties: {
      mode: { type: 'string', enum: ['a', 'b'] },
      count: { type: 'integer', minimum: 1, maximum: 5 },
      list: { type: 'array', items: { type: 'object', required: ['name'], properties: { name: { type: 'string' } } } },
    },
  } as const;

  it('are every leaf, and what holds leaves', () => {
    expect(leavesOf(schema).map((path) => path.join('.'))).toEqual(['mode', 'count', 'list', 'list.0.name']);
  });

  it('take every word of an enum, the bounds of a number, lists with nothing and with something', () => {
    expect(valuesFor(schema.properties.mode)).toEqual(['a', 'b']);
    expect(valuesFor(schema.properties.count)).toEqual([1, 5, 2]);
    expect(valuesFor(schema.properties.list)).toEqual([[], [{ name: 'other' }]]);
  });

  it('are put in with their parents', () => {
    expect(withValue({ a: 1 }, ['list', '0', 'name'], 'x')).toEqual({ a: 1, list: [{ name: 'x' }] });
  });

  it.each(KINDS.map(({ kind, spec }) => [kind, spec] as const))('of %s are found', (_, spec) => {
    expect(leavesOf(spec as never).length).toBeGreaterThan(0);
  });
});
