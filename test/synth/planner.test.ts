import fc from 'fast-check';
import type { Manifest } from '../../lib/base/kube-object';
import { refString } from '../../lib/base/kube-object';
import type { DesiredChild, InventoryEntry, LiveChild, Parent } from '../../synth/child';
import { childManifest, identityOf, isOwnedBy, matchChildren } from '../../synth/children';
import { decodeInventory, encodeInventory, sameInventory, unionInventory } from '../../synth/inventory';
import { applyMerge } from '../../synth/merge';
import type { Plan, Step } from '../../synth/plan';
import { planChildren, refusalsOf } from '../../synth/planner';
import { aManifest } from './objects';

const OURS = 'weka-operator';
const PARENT: Parent = {
  ref: { apiVersion: 'weka.weka.io/v1alpha1', kind: 'WekaPolicy', namespace: 'n', name: 'policy' },
  uid: 'uid-parent',
};

const wants = (role: string, manifest: Manifest, more: Partial<DesiredChild> = {}): DesiredChild => ({
  role,
  slot: '',
  manifest,
  ...more,
});
const configMap = (name: string, data: object = { x: '1' }, namespace = 'n') =>
  aManifest('v1 ConfigMap', { metadata: { name, namespace }, data });
const service = (name: string) => aManifest('v1 Service', { metadata: { name }, spec: { ports: [{ port: 1 }] } });
const pod = (name: string, spec: object, metadata: object = {}) =>
  aManifest('v1 Pod', { metadata: { name, ...metadata }, spec });

/** The child as it lives after we applied it. */
const alive = (desired: DesiredChild, more: object = {}): LiveChild => {
  const manifest = childManifest(PARENT, desired, undefined);
  const { object } = applyMerge({ live: undefined, manifest, manager: OURS, force: true });
  const metadata = {
    ...object.metadata,
    uid: `uid-${object.metadata.name}`,
    resourceVersion: '1',
    ...(more as { metadata?: object }).metadata,
  };
  return { role: desired.role, slot: desired.slot, object: { ...object, ...more, metadata } };
};

const plan = (
  desired: DesiredChild[],
  live: LiveChild[] = [],
  more: {
    inventory?: InventoryEntry[];
    taken?: { apiVersion: string; kind: string; name: string; namespace?: string }[];
  } = {},
): Plan => planChildren({ parent: PARENT, desired, live, inventory: [], manager: OURS, ...more });

const line = (step: Step): string => {
  if (step.action === 'save') return `save ${step.inventory.map((entry) => refString(entry.ref)).join(',')}`;
  if (step.action === 'apply') return `${step.change} ${step.manifest.kind}/${step.manifest.metadata.name}`;
  return `${step.action} ${step.ref.kind}/${step.ref.name}`;
};
const story = (of: Plan): string[] => of.stages.map((stage) => `${stage.name}: ${stage.steps.map(line).join(', ')}`);
const reasons = (of: Plan): string[] =>
  of.stages.flatMap(({ steps }) => steps.flatMap((step) => ('reasons' in step ? step.reasons : [])));
const outdated = (of: Plan): string[] =>
  of.stages.flatMap(({ steps }) => steps.flatMap((step) => (step.action === 'keep' ? (step.outdated ?? []) : [])));

describe('a plan', () => {
  const map = wants('index', configMap('index'));
  const dist = wants('dist', pod('dist', { hostname: 'h' }), { stage: 1 });

  test('creates what is missing, and what comes later waits', () => {
    expect(story(plan([dist, map, wants('service', service('s'))]))).toEqual([
      'apply 0: create ConfigMap/index, create Service/s, wait ConfigMap/index, wait Service/s',
    ]);
  });

  test('goes on to the next stage when the earlier one is ready', () => {
    expect(story(plan([dist, map], [alive(map)]))).toEqual([
      'apply 0: keep ConfigMap/index',
      'apply 1: create Pod/dist',
    ]);
  });

  test('changes nothing that is as it should be', () => {
    expect(story(plan([map, dist], [alive(map), alive(dist)]))).toEqual([
      'apply 0: keep ConfigMap/index',
      'apply 1: keep Pod/dist',
    ]);
  });

  test('names the fields that it changes', () => {
    const changed = wants('index', configMap('index', { x: '2' }));
    expect(reasons(plan([changed], [alive(map)]))).toEqual(['data.x differs']);
  });

  test('keeps the name that a child lives under', () => {
    const renamed = wants('index', configMap('other-name'));
    expect(story(plan([renamed], [alive(map)]))).toEqual(['apply 0: keep ConfigMap/index']);
  });

  test('prunes what nothing wants, in reverse kind order', () => {
    const live = [alive(map), alive(dist), alive(wants('service', service('s')))];
    expect(story(plan([], live))).toEqual(['prune: prune Pod/dist, prune Service/s, prune ConfigMap/index']);
  });

  test('prunes nothing while a stage is waited for', () => {
    expect(story(plan([map, dist], [alive(wants('old', configMap('old')))]))).toEqual([
      'apply 0: create ConfigMap/index, wait ConfigMap/index',
    ]);
  });

  test('of two objects for one child it keeps the oldest', () => {
    const old = alive(map, { metadata: { creationTimestamp: '2026-01-01T00:00:00Z' } });
    const young = alive(wants('index', configMap('index-2')), {
      metadata: { creationTimestamp: '2026-02-01T00:00:00Z' },
    });
    expect(story(plan([map], [young, old]))).toEqual([
      'apply 0: keep ConfigMap/index',
      'prune: prune ConfigMap/index-2',
    ]);
  });

  test("never prunes what doesn't name the parent as its owner", () => {
    const stranger = alive(map, {
      metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'X', name: 'x', uid: 'other', controller: true }] },
    });
    expect(story(plan([], [stranger]))).toEqual([]);
  });

  test('waits for what is being deleted, and still prunes the rest', () => {
    const going = alive(dist, { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } });
    expect(story(plan([dist], [going, alive(map)]))).toEqual([
      'apply 1: ',
      'prune: prune ConfigMap/index',
      'wait: wait Pod/dist',
    ]);
  });

  test("refuses a name that is somebody else's, and what comes later is left", () => {
    const refused = plan([map, dist], [], {
      taken: [{ apiVersion: 'v1', kind: 'ConfigMap', namespace: 'n', name: 'index' }],
    });
    expect(story(refused)).toEqual(['apply 0: refuse ConfigMap/index']);
    expect(refusalsOf(refused)).toEqual(['ConfigMap/n/index: an object of this name belongs to somebody else']);
  });

  test('a name held by a child that nothing wants is freed first', () => {
    const next = wants('next', configMap('index'));
    expect(story(plan([next, dist], [alive(map)]))).toEqual([
      'prune names: prune ConfigMap/index',
      'apply 0: wait ConfigMap/index',
    ]);
  });

  test('two children of one identity are a defect', () => {
    expect(() => plan([map, wants('index', configMap('b'))])).toThrow('two children are wanted as ConfigMap index/');
  });
});

describe('a living Pod', () => {
  const built = wants('builder', pod('b', { hostname: 'h', containers: [{ name: 'c', image: 'old' }] }));
  const live = alive(built);

  test('whose spec should differ is kept, and what the next one has is told', () => {
    const next = plan(
      [wants('builder', pod('b', { hostname: 'h', containers: [{ name: 'c', image: 'new' }] }))],
      [live],
    );
    expect(story(next)).toEqual(['apply 0: keep Pod/b']);
    expect(outdated(next)).toEqual(['spec.containers[name="c"].image']);
  });

  test('gets new labels, its spec sent again as it is', () => {
    const next = plan(
      [
        wants(
          'builder',
          pod('b', { hostname: 'h', containers: [{ name: 'c', image: 'new' }] }, { labels: { a: 'b' } }),
        ),
      ],
      [live],
    );
    expect(story(next)).toEqual(['apply 0: configure Pod/b, keep Pod/b']);
    const [step] = next.stages[0]?.steps ?? [];
    expect(step).toMatchObject({
      manifest: {
        metadata: { labels: { a: 'b' } },
        spec: { hostname: 'h', containers: [{ name: 'c', image: 'old' }] },
      },
    });
  });

  test('that lost a field is kept too', () => {
    const next = plan([wants('builder', pod('b', { containers: [{ name: 'c', image: 'old' }] }))], [live]);
    expect(outdated(next)).toEqual(['spec.hostname']);
  });
});

describe('children that cannot be owned', () => {
  const far = wants('bundle', configMap('bundle', { x: '1' }, 'elsewhere'));

  test('are written down before they are made', () => {
    expect(story(plan([far]))).toEqual(['save: save ConfigMap/elsewhere/bundle', 'apply 0: create ConfigMap/bundle']);
  });

  test('carry identity but no owner reference', () => {
    const { object } = alive(far);
    expect([identityOf(object), isOwnedBy(object, PARENT)]).toEqual([{ role: 'bundle', slot: '' }, false]);
  });

  test('are pruned when the inventory knows them, with their UID', () => {
    const live = alive(far);
    const entry = {
      role: 'bundle',
      slot: '',
      ref: { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'elsewhere', name: 'bundle' },
    };
    expect(story(plan([], [live], { inventory: [{ ...entry, uid: 'uid-bundle' }] }))).toEqual([
      'prune: prune ConfigMap/bundle',
    ]);
    expect(story(plan([], [live], { inventory: [{ ...entry, uid: 'another' }] }))).toEqual([]);
    expect(story(plan([], [live]))).toEqual([]);
    expect(story(plan([], [], { inventory: [entry] }))).toEqual(['forget: save ']);
  });
});

test('children carry a controller reference that never blocks the deletion of the parent', () => {
  const manifest = childManifest(PARENT, wants('index', configMap('index'), { slot: 'kernel 5.14/x86_64' }), undefined);
  expect(manifest.metadata).toEqual({
    name: 'index',
    namespace: 'n',
    labels: { 'weka.io/child-role': 'index' },
    annotations: { 'weka.io/child-slot': 'kernel 5.14/x86_64' },
    ownerReferences: [
      {
        apiVersion: 'weka.weka.io/v1alpha1',
        kind: 'WekaPolicy',
        name: 'policy',
        uid: 'uid-parent',
        controller: true,
        blockOwnerDeletion: false,
      },
    ],
  });
});

const roles = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 4 });

test('a plan carried out leaves nothing to do, whatever was there, in any order', () => {
  fc.assert(
    fc.property(roles, roles, fc.boolean(), (before, after, reverse) => {
      const of = (role: string) => wants(role, configMap(`map-${role}`));
      const live = before.map((role) => alive(of(role)));
      const first = plan(after.map(of), reverse ? [...live].reverse() : live);
      expect(first).toEqual(plan([...after].reverse().map(of), live));
      const steps = first.stages.flatMap((stage) => stage.steps);
      const pruned = new Set(steps.flatMap((step) => (step.action === 'prune' ? [step.uid] : [])));
      const made = after.filter((role) => !before.includes(role)).map((role) => alive(of(role)));
      const next = [...live.filter((child) => !pruned.has(child.object.metadata.uid)), ...made];
      expect(
        plan(after.map(of), next)
          .stages.flatMap((stage) => stage.steps)
          .every((step) => step.action === 'keep'),
      ).toBe(true);
    }),
  );
});

const entries: fc.Arbitrary<InventoryEntry[]> = fc.array(
  fc.record({
    role: fc.constantFrom('a', 'b'),
    slot: fc.constantFrom('', 'x\n"y'),
    ref: fc.record({
      apiVersion: fc.constant('v1'),
      kind: fc.constantFrom('Node', 'ConfigMap'),
      name: fc.constantFrom('p', 'q', 'r'),
    }),
  }),
);

describe('the inventory', () => {
  test('is read back from any number of shards', () => {
    fc.assert(
      fc.property(entries, fc.integer({ min: 1, max: 400 }), (list, bytes) =>
        sameInventory(decodeInventory(encodeInventory(list, bytes)), list),
      ),
    );
  });

  test('shards stay below their size', () => {
    const many = Array.from({ length: 2000 }, (_, index) => ({
      role: 'r',
      slot: `${index}`,
      ref: { apiVersion: 'v1', kind: 'ConfigMap', name: `n-${index}` },
    }));
    const shards = encodeInventory(many, 10_000);
    expect(shards.every((data) => Buffer.byteLength(data['entries'] ?? '') <= 10_000)).toBe(true);
    expect(decodeInventory(shards)).toHaveLength(2000);
  });

  test('a line that is no entry is refused', () => {
    expect(() => decodeInventory([{ entries: '{"role":"a"}' }])).toThrow('not an inventory entry');
  });

  test('a UID once seen is kept', () => {
    const entry = { role: 'a', slot: '', ref: { apiVersion: 'v1', kind: 'Node', name: 'p' } };
    expect(unionInventory([{ ...entry, uid: 'u' }], [entry])).toEqual([{ ...entry, uid: 'u' }]);
  });
});

test('one that is not being deleted is preferred, however young', () => {
  const desired = wants('index', configMap('index'));
  const going = alive(desired, { metadata: { creationTimestamp: '1', deletionTimestamp: '3' } });
  const young = alive(wants('index', configMap('index-2')), { metadata: { creationTimestamp: '2' } });
  expect(matchChildren(PARENT, [desired], [going, young]).matched[0]?.live?.metadata.name).toBe('index-2');
});
