/** Random sequences of writes, as data: made from a seed, played on any cluster, made shorter while they still tell two apart. */
import type { Random } from '../../controllers/runtime/random';
import type { JsonObject, JsonValue } from '../../lib/base/json';
import type { KubeObject } from '../../lib/base/kube-object';
import { refOf } from '../../lib/base/kube-object';
import { forkRandom } from '../../sim/random';
import type { Backend, World } from './backend';
import { newWorld } from './backend';
import { normalise, refusal, shown } from './normalise';
import { apply, CONFIG_MAP, CONTAINER, object, POLICY, SERVICE, stored } from './objects';

const KINDS = [CONFIG_MAP, SERVICE, POLICY, CONTAINER] as const;
const MANAGERS = ['first', 'second'] as const;

/** One write. `body` is what it says of the object besides its name. */
export interface Operation {
  readonly verb: 'create' | 'apply' | 'force' | 'patch' | 'apply status' | 'patch status' | 'finalizers' | 'delete';
  readonly kind: number;
  readonly manager: string;
  readonly body: JsonObject;
  readonly metadata: JsonObject;
}

const pick = <T>(random: Random, items: readonly T[]): T => items[Math.floor(random.next() * items.length)] as T;
const some = <T>(random: Random, items: readonly T[]): T[] => items.filter(() => random.next() < 0.5);
/** Each of these keys by chance, with one of its values by chance. */
const mapOf = (random: Random, choices: Readonly<Record<string, readonly JsonValue[]>>): JsonObject =>
  Object.fromEntries(some(random, Object.keys(choices)).map((key) => [key, pick(random, choices[key] ?? [])]));

const PORTS: readonly JsonObject[] = [
  { name: 'http', port: 80 },
  { name: 'http', port: 80, targetPort: 8080 },
  { name: 'https', port: 443, protocol: 'TCP' },
  { name: 'dns', port: 53, protocol: 'UDP' },
];
/** At most one item with each key: the others would only be refused. */
const ports = (random: Random): JsonValue[] => {
  const chosen = some(random, PORTS).filter(
    (each, index, all) => all.findIndex(({ port }) => port === each.port) === index,
  );
  return chosen.length === 0 ? [PORTS[0] as JsonObject] : chosen;
};

const TOLERATIONS: readonly JsonValue[] = [[{ operator: 'Exists' }], [{ key: 'a', operator: 'Exists' }], []];

const BODIES: readonly ((random: Random) => JsonObject)[] = [
  (random) => (random.next() < 0.15 ? {} : { data: mapOf(random, { a: ['1', '2'], b: ['1', '2'], c: [''] }) }),
  (random) => ({
    spec: {
      ports: ports(random),
      ...mapOf(random, {
        selector: [{ app: 'a' }, { app: 'b', tier: 'c' }],
        sessionAffinity: ['None', 'ClientIP'],
        type: ['ClusterIP'],
        publishNotReadyAddresses: [true],
      }),
    },
  }),
  (random) => ({
    spec: {
      type: pick(random, ['enable-local-drivers-distribution', 'discover-drives']),
      payload: {
        ...mapOf(random, { interval: ['1m', '5m'], discoverDrivesPayload: [{}] }),
        driverDistPayload: mapOf(random, {
          ensureImages: [['a/b:4.4.5'], ['a/b:4.4.5', 'a/b:4.4.6'], []],
          nodeSelectors: [[{ a: 'b' }], [{ c: 'd' }, { a: 'b' }]],
          storage: [{ hostPath: '/a' }, { size: '1Gi' }, {}],
          source: ['Local', 'Registry'],
        }),
      },
      ...mapOf(random, { tolerations: TOLERATIONS, image: ['a/b:4.4.5', 'a/b:4.4.6'] }),
    },
  }),
  (random) => ({
    spec: {
      ...{ image: 'a/b:4.4.5', name: 'a', mode: 'drive' },
      numCores: pick(random, [1, 2]),
      ...mapOf(random, {
        nodeSelector: [{ a: 'b' }, { a: 'c', d: 'e' }, {}],
        tolerations: TOLERATIONS,
        cpuPolicy: ['auto', 'shared'],
        coreIds: [[1, 2], [3]],
        resources: [{ requests: { cpu: 1 } }, { requests: { cpu: '2', memory: '1Gi' } }],
        network: [{ udpMode: true }, {}],
      }),
    },
  }),
];

const condition = (type: string, status: string): JsonObject => ({
  ...{ type, status, reason: 'Because', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' },
});
const statusBody = (random: Random): JsonObject => ({
  status: mapOf(random, {
    status: ['Running', 'Error'],
    result: ['x', 'y'],
    observedGeneration: [1, 2],
    conditions: [
      [condition('Ready', 'True')],
      [condition('Ready', 'False'), condition('Stalled', 'False')],
      [condition('Stalled', 'True')],
    ],
  }),
});

const metadataOf = (random: Random): JsonObject =>
  mapOf(random, {
    labels: [{ a: '1' }, { a: '2', 'weka.test/b': '3' }, {}],
    annotations: [{ a: '1' }, { b: '' }],
    ...(random.next() < 0.3 ? { finalizers: [['weka.test/a'], ['weka.test/b', 'weka.test/a'], []] } : {}),
  });

/** A patch: some fields go. */
const withNulls = (random: Random, body: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries(body).map(([key, value]) => {
      if (random.next() < 0.12) return [key, null];
      const nested = value !== null && typeof value === 'object' && !Array.isArray(value);
      return [key, nested ? withNulls(random, value) : value];
    }),
  );

const VERBS: readonly Operation['verb'][] = [
  ...(['create', 'apply', 'apply', 'apply', 'force', 'force', 'patch', 'patch'] as const),
  ...(['apply status', 'patch status', 'finalizers', 'delete'] as const),
];

const operation = (random: Random, kind: number): Operation => {
  const drawn = pick(random, VERBS);
  // Only custom kinds: the status of built-in ones has controllers that write it.
  const verb = kind < 2 && drawn.endsWith('status') ? 'apply' : drawn;
  const manager = pick(random, MANAGERS);
  const status = verb.endsWith('status');
  const body = status ? statusBody(random) : (BODIES[kind] as (typeof BODIES)[number])(random);
  const metadata = status ? {} : metadataOf(random);
  return { verb, kind, manager, body: verb.startsWith('patch') ? withNulls(random, body) : body, metadata };
};

/** The sequence of a seed: of one or two kinds, five to fourteen writes, the first of which makes something. */
export const sequenceOf = (seed: number): Operation[] => {
  const random = forkRandom(seed, 'sequence');
  const kinds = random.next() < 0.7 ? [Math.floor(random.next() * KINDS.length)] : [0, 3];
  const length = 5 + Math.floor(random.next() * 10);
  return Array.from({ length }, (_, index) => {
    const next = operation(random, pick(random, kinds));
    return index === 0 && !next.verb.startsWith('force')
      ? { ...next, verb: 'apply', body: bodyOf(random, next.kind) }
      : next;
  });
};
const bodyOf = (random: Random, kind: number): JsonObject => (BODIES[kind] as (typeof BODIES)[number])(random);

const documentOf = (world: World, { kind, body, metadata }: Operation): KubeObject =>
  object(world, KINDS[kind] as (typeof KINDS)[number], 'a', body, metadata);

const play = async (world: World, step: Operation): Promise<unknown> => {
  const { client } = world;
  const document = documentOf(world, step);
  const fieldManager = step.manager;
  switch (step.verb) {
    case 'create':
      return client.create(document);
    case 'apply':
    case 'force':
      return apply(world, document, { fieldManager, force: step.verb === 'force' });
    case 'apply status':
      return apply(world, document, { fieldManager, force: true, subresource: 'status' });
    case 'patch':
      return client.patch(refOf(document), { ...step.body, metadata: step.metadata }, { fieldManager });
    case 'patch status':
      return client.patch(refOf(document), step.body, { fieldManager, subresource: 'status' });
    case 'finalizers': {
      const finalizers = step.metadata.finalizers ?? null;
      return client.patch(refOf(document), { metadata: { finalizers } }, { fieldManager });
    }
    case 'delete': {
      const uid = (await stored(world, document))?.metadata.uid ?? 'none';
      return client.delete(refOf(document), { uid, propagation: 'Background' });
    }
  }
};

/** What each write came to, and the object after it with who owns what: plain data, the same on every cluster that works the same. */
export const transcript = async (backend: Backend, steps: readonly Operation[]): Promise<JsonValue> => {
  const world = await newWorld(backend, false);
  const told: JsonValue[] = [];
  for (const step of steps) {
    const answer = await refusal(play(world, step));
    told.push({ answer, state: shown(await stored(world, documentOf(world, step))) });
  }
  return normalise(JSON.parse(JSON.stringify(told)) as JsonValue, world);
};

/** Whether a sequence tells two clusters apart. */
export type Differs = (steps: readonly Operation[]) => Promise<boolean>;

/** The shortest sequence found that still differs: without each step that can go, and each field of a body that can. */
export const shrink = async (steps: readonly Operation[], differs: Differs): Promise<readonly Operation[]> => {
  let best = steps;
  for (let again = true; again;) {
    again = false;
    for (const shorter of shorterOnes(best)) {
      if (!(await differs(shorter))) continue;
      best = shorter;
      again = true;
      break;
    }
  }
  return best;
};

const without = (value: JsonObject, key: string): JsonObject => {
  const { [key]: _, ...rest } = value;
  return rest;
};

function* shorterOnes(steps: readonly Operation[]): Generator<readonly Operation[]> {
  for (let index = steps.length - 1; index >= 0; index--) yield steps.filter((_, at) => at !== index);
  for (const [index, step] of steps.entries()) {
    const put = (changed: Operation): Operation[] => steps.map((each, at) => (at === index ? changed : each));
    for (const key of Object.keys(step.metadata)) yield put({ ...step, metadata: without(step.metadata, key) });
    for (const [top, value] of Object.entries(step.body)) {
      if (value === null || typeof value !== 'object' || Array.isArray(value)) continue;
      for (const key of Object.keys(value)) yield put({ ...step, body: { ...step.body, [top]: without(value, key) } });
    }
  }
}
