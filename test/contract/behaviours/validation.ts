import { crdOf } from '../../../lib/api/crd';
import type { JsonSchema } from '../../../lib/api/json-schema';
import type { KindDefinition } from '../../../lib/api/kind';
import { API_VERSION } from '../../../lib/api/kind';
import { KINDS } from '../../../lib/api/kinds';
import type { JsonObject, JsonValue } from '../../../lib/base/json';
import { isJsonObject } from '../../../lib/base/json';
import type { KubeObject } from '../../../lib/base/kube-object';
import { refOf } from '../../../lib/base/kube-object';
import { exampleOf, objectWith, RULES } from '../../rule-examples';
import type { World } from '../backend';
import type { Behaviour } from '../behaviour';
import { behaviours } from '../behaviour';
import { content, outcome, refusal } from '../normalise';
import { object } from '../objects';

const SPECS: Readonly<Record<string, JsonObject>> = {
  WekaCluster: { image: 'a/b:4.4.5' },
  WekaClient: { image: 'a/b:4.4.5' },
  WekaContainer: { image: 'a/b:4.4.5', name: 'a', mode: 'drive', numCores: 1 },
  WekaPolicy: { type: 'discover-drives', payload: {} },
  WekaManualOperation: { action: 'discover-drives', payload: {} },
  WekaNode: {},
};

/** The smallest valid object of a kind. */
const minimal = (world: World, { kind, scope }: KindDefinition): KubeObject =>
  object(
    world,
    { apiVersion: API_VERSION, kind },
    scope === 'Cluster' ? world.unique('v') : 'v',
    {
      spec: SPECS[kind] ?? {},
    },
    scope === 'Cluster' ? { namespace: undefined } : {},
  );

interface Leaf {
  readonly path: readonly string[];
  readonly schema: JsonSchema;
}

const leaves = (schema: JsonSchema, path: readonly string[] = []): Leaf[] => [
  { path, schema },
  ...Object.entries(schema.properties ?? {}).flatMap(([name, below]) => leaves(below, [...path, name])),
  ...(schema.items === undefined ? [] : leaves(schema.items, [...path, '[]'])),
];

/** By constraint: a value that it refuses; `undefined` where the schema has none. */
const WRONG: Readonly<Record<string, (schema: JsonSchema) => JsonValue | undefined>> = {
  'a type': (schema) => {
    if (schema['x-kubernetes-int-or-string'] === true) return true;
    if (schema.type === 'string') return 7;
    return schema.type === undefined ? undefined : 'text';
  },
  'an enum': (schema) => (schema.enum === undefined ? undefined : 'none-of-them'),
  'a pattern': (schema) => (schema.pattern === undefined ? undefined : '!'),
  'a minimum': ({ minimum }) => (minimum === undefined ? undefined : minimum - 1),
  'a maximum': ({ maximum }) => (maximum === undefined ? undefined : maximum + 1),
  'a shortest length': ({ minLength }) => (minLength === undefined ? undefined : ''),
  'a longest length': ({ maxLength }) => (maxLength === undefined ? undefined : 'x'.repeat(maxLength + 1)),
  'a longest list': ({ maxItems }) =>
    maxItems === undefined ? undefined : Array.from({ length: maxItems + 1 }, () => 'x'),
  'required fields': (schema) => (schema.required === undefined || schema.properties === undefined ? undefined : {}),
  'a set': (schema) => (schema['x-kubernetes-list-type'] === 'set' ? ['x', 'x'] : undefined),
  'a date': (schema) => (schema.format === 'date-time' ? 'yesterday' : undefined),
  'a value that is not null': (schema) => (schema.type === undefined || schema.nullable === true ? undefined : null),
  'a whole number': (schema) => (schema.type === 'integer' ? 1.5 : undefined),
  'a 32-bit number': (schema) => (schema.format === 'int32' ? 3_000_000_000 : undefined),
};
const CONSTRAINTS = Object.keys(WRONG);
const wrongValue = (what: string, schema: JsonSchema): JsonValue | undefined => WRONG[what]?.(schema);

/** The document `base` with `value` at `path`; lists on the way get one item. */
const withValue = (base: JsonValue | undefined, path: readonly string[], value: JsonValue): JsonValue => {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  if (step === '[]') return [withValue(undefined, rest, value)];
  const known = isJsonObject(base) ? base : {};
  return { ...known, [step]: withValue(known[step], rest, value) };
};

const specLeaves = (definition: KindDefinition): Leaf[] => {
  const crd = crdOf(definition) as unknown as {
    spec: { versions: { schema: { openAPIV3Schema: { properties: { spec: JsonSchema } } } }[] };
  };
  const spec = crd.spec.versions[0]?.schema.openAPIV3Schema.properties.spec;
  return spec === undefined ? [] : leaves(spec, ['spec']);
};

/** The refusals of a kind's leaves under one constraint, by path: as many as there are, up to `limit`, evenly chosen. */
const refusals = async (world: World, definition: KindDefinition, what: string, limit: number): Promise<JsonObject> => {
  const found = specLeaves(definition).flatMap(({ path, schema }) => {
    const value = wrongValue(what, schema);
    return value === undefined ? [] : [{ path, value }];
  });
  const step = Math.max(1, Math.ceil(found.length / limit));
  const said: Record<string, JsonValue> = {};
  for (const { path, value } of found.filter((_, index) => index % step === 0)) {
    const base = minimal(world, definition);
    const document = withValue(base as unknown as JsonValue, path, value) as unknown as KubeObject;
    said[path.join('.')] = await refusal(world.client.create(document, { dryRun: true }));
  }
  return said;
};

const ofLeaves: Behaviour[] = KINDS.flatMap((definition) =>
  CONSTRAINTS.filter((what) => specLeaves(definition).some(({ schema }) => wrongValue(what, schema) !== undefined)).map(
    (what) => ({
      says: `validation: ${definition.kind} holds ${what}`,
      play: (world: World) => refusals(world, definition, what, 8),
    }),
  ),
);

const ofKinds: Behaviour[] = KINDS.flatMap((definition) => [
  {
    says: `validation: the smallest ${definition.kind} is stored with its defaults`,
    play: async (world: World) => content(await world.client.create(minimal(world, definition))),
  },
  {
    says: `validation: a ${definition.kind} without a spec`,
    play: (world: World) => {
      const { spec: _, ...bare } = minimal(world, definition);
      return refusal(world.client.create(bare, { dryRun: true }));
    },
  },
  {
    says: `validation: a ${definition.kind} with too long a name`,
    play: (world: World) => {
      const given = minimal(world, definition);
      return refusal(
        world.client.create({ ...given, metadata: { ...given.metadata, name: 'n'.repeat(254) } }, { dryRun: true }),
      );
    },
  },
]);

/** Rules are judged on a stored object when they compare with what was. */
const ofRules: Behaviour[] = RULES.flatMap(([name, definition, rule]) =>
  (['breaks', 'holds'] as const).map((which) => ({
    says: `rules: ${name} ${which === 'breaks' ? 'broken' : 'kept'}`,
    play: async (world: World) => {
      const example = exampleOf(definition, rule);
      const { before } = example;
      const next = objectWith(definition, rule, world.namespace, example[which]);
      if (before === undefined) return refusal(world.client.create(next, { dryRun: true }));
      const stored = await world.client.create(objectWith(definition, rule, world.namespace, before));
      return refusal(
        world.client.replace(
          { ...next, metadata: { ...next.metadata, resourceVersion: stored.metadata.resourceVersion } },
          { dryRun: true },
        ),
      );
    },
  })),
);

const container = (world: World, spec: JsonObject): KubeObject =>
  object(world, { apiVersion: API_VERSION, kind: 'WekaContainer' }, 'v', {
    spec: { ...SPECS.WekaContainer, ...spec },
  });
const patching = (spec: JsonObject) => async (world: World) => {
  const made = await world.client.create(container(world, {}));
  return outcome(world.client.patch(refOf(made), { spec }).then(content));
};

const others = behaviours(
  {
    'two mistakes are both told': (world) =>
      refusal(world.client.create(container(world, { mode: 'none', cpuPolicy: 'none' }), { dryRun: true })),
    'a wrong type and a wrong value are both told': (world) =>
      refusal(world.client.create(container(world, { mode: 'none', numCores: 'x' }), { dryRun: true })),
    'a missing field and a wrong value are both told': (world) =>
      refusal(world.client.create(container(world, { mode: null, cpuPolicy: 'none' }), { dryRun: true })),
    'rules are not judged on what the schema refuses': (world) =>
      refusal(
        world.client.create(container(world, { cpuPolicy: 'none', numDrives: 1, containerCapacity: 1 }), {
          dryRun: true,
        }),
      ),
    'two rules broken are both told': (world) =>
      refusal(
        world.client.create(
          container(world, {
            numDrives: 1,
            containerCapacity: 1,
            driveCapacity: 1,
            driveTypesRatio: { tlc: 1, qlc: 1 },
          }),
          { dryRun: true },
        ),
      ),
    'a patch to a wrong value': patching({ cpuPolicy: 'none' }),
    'a patch that removes a required field': patching({ image: null }),
    'a patch that removes a defaulted field': patching({ cpuPolicy: null }),
    'a patch to another mode': patching({ mode: 'compute' }),
    'a resource as a number and as text': patching({ resources: { requests: { cpu: 1, memory: '1Gi' } } }),
    'an object whose fields nobody declares is kept': patching({ affinity: { anything: { goes: [1, 'a', null] } } }),
    'an empty object stays': patching({ network: {} }),
    'empty lists and texts stay': patching({ tolerations: [], coreIds: [], group: '' }),
    'a wrong status': async (world) => {
      const made = await world.client.create(container(world, {}));
      const status = { conditions: [{ type: 'Ready', status: 'Maybe' }] };
      return refusal(world.client.patch(refOf(made), { status }, { subresource: 'status' }));
    },
    'two conditions of one type': async (world) => {
      const made = await world.client.create(container(world, {}));
      const condition = {
        type: 'Ready',
        status: 'True',
        reason: 'A',
        message: '',
        lastTransitionTime: '2026-01-01T00:00:00Z',
      };
      return refusal(
        world.client.patch(refOf(made), { status: { conditions: [condition, condition] } }, { subresource: 'status' }),
      );
    },
    'a time with a zone and one with fractions': async (world) => {
      const made = await world.client.create(container(world, {}));
      const at = (lastTransitionTime: string) => ({ type: lastTransitionTime, status: 'True', lastTransitionTime });
      const status = { conditions: [at('2026-01-01T00:00:00+02:00'), at('2026-01-01T00:00:00.5Z')] };
      const write = world.client.patch(refOf(made), { status }, { subresource: 'status' });
      return outcome(write.then((result) => result.status));
    },
    'an unknown field of a status': async (world) => {
      const made = await world.client.create(container(world, {}));
      return refusal(world.client.patch(refOf(made), { status: { colour: 'red' } }, { subresource: 'status' }));
    },
  },
  { about: 'validation' },
);

export const validation: Behaviour[] = [...ofKinds, ...ofLeaves, ...others, ...ofRules];
