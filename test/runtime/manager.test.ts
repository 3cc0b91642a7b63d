import { conditionsOf, findCondition, isTrue } from '../../lib/base/conditions';
import { ANNOTATION, FINALIZER } from '../../lib/base/names';
import { assertConditionsConform } from '../conformance/conditions';
import type { FaultPoint } from '../../sim/client';
import { statusOf, TOY, toyReconciler, Workshop } from './toy';

const CONFIG_MAP = { apiVersion: 'v1', kind: 'ConfigMap' };
const EVENT = { apiVersion: 'v1', kind: 'Event' };

describe('a manager', () => {
  let shop: Workshop;
  beforeEach(() => {
    shop = new Workshop();
  });

  test('sets the finalizer, makes the children, reports, and then writes nothing any more', async () => {
    await shop.toy('a', { parts: ['x', 'y'] });
    const running = await shop.start();
    await shop.pass();
    expect(await shop.names()).toEqual(['a-x', 'a-y']);
    const toy = (await shop.get(TOY, 'a'))!;
    assertConditionsConform(toy);
    expect(toy.metadata.finalizers).toEqual([FINALIZER]);
    expect(isTrue(conditionsOf(toy), 'Ready')).toBe(true);
    expect(shop.writesOf('operator')[0]).toBe('patch Toy/a');
    const converged = shop.cluster.log.writes.length;
    await shop.pass(3_600_000);
    expect(shop.writesOf('operator', converged)).toEqual([]);
    await running.stop();
  });

  test('undoes what somebody did to a child, and makes a deleted one again', async () => {
    await shop.toy('a', { parts: ['x', 'y'] });
    const running = await shop.start();
    await shop.pass();
    await shop.user.patch({ ...CONFIG_MAP, namespace: 'default', name: 'a-x' }, { data: { part: 'changed' } });
    const { uid } = (await shop.get(CONFIG_MAP, 'a-y'))!.metadata;
    await shop.user.delete({ ...CONFIG_MAP, namespace: 'default', name: 'a-y' }, { uid, propagation: 'Background' });
    await shop.pass();
    expect((await shop.get(CONFIG_MAP, 'a-x'))?.['data']).toEqual({ part: 'x' });
    expect(await shop.names()).toEqual(['a-x', 'a-y']);
    await running.stop();
  });

  test('told which namespaces to watch, watches those and its own, where its agents live', async () => {
    const places = ['default', 'kube-system', 'weka-operator-system'];
    for (const namespace of places)
      await shop.user.apply(
        { ...TOY, metadata: { name: 'a', namespace }, spec: { parts: ['x'] } },
        { fieldManager: 'kubectl', force: true },
      );
    const running = await shop.start({ namespaces: ['default'] });
    await shop.pass();
    const made = await Promise.all(places.map((namespace) => shop.get(CONFIG_MAP, 'a-x', namespace)));
    expect(made.map((object) => object?.metadata.namespace)).toEqual(['default', undefined, 'weka-operator-system']);
    await running.stop();
  });

  test('prunes a child that nothing wants any more', async () => {
    await shop.toy('a', { parts: ['x', 'y'] });
    const running = await shop.start();
    await shop.pass();
    await shop.toy('a', { parts: ['y'] });
    await shop.pass();
    expect(await shop.names()).toEqual(['a-y']);
    await running.stop();
  });

  test('makes nothing for an object that is gone, though its cache still shows it', async () => {
    await shop.toy('a', { parts: ['x'] });
    let blind = false;
    const faults: FaultPoint = {
      call: (_call, proceed) => proceed(),
      deliver: ({ type }, proceed) => (blind && type.kind === TOY.kind ? undefined : proceed()),
    };
    const running = await shop.start({ faults });
    await shop.pass();
    blind = true;
    const ref = { ...TOY, namespace: 'default', name: 'a' };
    const { uid } = (await shop.user.patch(ref, { metadata: { finalizers: null } })).metadata;
    await shop.user.delete(ref, { uid, propagation: 'Background' });
    const before = shop.cluster.log.writes.length;
    // The garbage collector takes the part away, which wakes the manager.
    await shop.pass(60_000);
    expect(await shop.names()).toEqual([]);
    expect(shop.writesOf('operator', before).filter((write) => write.includes('ConfigMap'))).toEqual([]);
    await running.stop();
  });

  test('does not take over an object that belongs to somebody else', async () => {
    const metadata = { name: 'a-x', namespace: 'default' };
    await shop.user.create({ ...CONFIG_MAP, metadata, data: { theirs: 'yes' } });
    await shop.toy('a', { parts: ['x', 'y'] });
    const running = await shop.start();
    await shop.pass();
    expect((await shop.get(CONFIG_MAP, 'a-x'))?.['data']).toEqual({ theirs: 'yes' });
    expect(await shop.names()).toEqual(['a-x', 'a-y']);
    const toy = (await shop.get(TOY, 'a'))!;
    assertConditionsConform(toy);
    expect(findCondition(conditionsOf(toy), 'Reconciling')?.reason).toBe('NameTaken');
    await running.stop();
  });

  test('touches nothing while paused, says so once, and goes on afterwards', async () => {
    await shop.toy('a', { parts: ['x'] }, { [ANNOTATION.paused]: 'true' });
    const running = await shop.start();
    await shop.pass(600_000);
    expect(shop.writesOf('operator')).toEqual(['apply Toy/a status']);
    const paused = (await shop.get(TOY, 'a'))!;
    assertConditionsConform(paused);
    expect(isTrue(conditionsOf(paused), 'Paused')).toBe(true);
    expect(findCondition(conditionsOf(paused), 'Ready')?.status).toBe('Unknown');
    await shop.toy('a', { parts: ['x'] });
    await shop.pass();
    const toy = (await shop.get(TOY, 'a'))!;
    expect(findCondition(conditionsOf(toy), 'Paused')).toBeUndefined();
    expect(isTrue(conditionsOf(toy), 'Ready')).toBe(true);
    expect(await shop.names()).toEqual(['a-x']);
    await running.stop();
  });

  test('holds a paused object that is being deleted', async () => {
    await shop.toy('a', { parts: ['x'] });
    const running = await shop.start();
    await shop.pass();
    const { uid } = await shop.toy('a', { parts: ['x'] }, { [ANNOTATION.paused]: '' }).then(({ metadata }) => metadata);
    await shop.user.delete({ ...TOY, namespace: 'default', name: 'a' }, { uid, propagation: 'Background' });
    await shop.pass();
    expect((await shop.get(TOY, 'a'))?.metadata.deletionTimestamp).toBeDefined();
    expect(await shop.names()).toEqual(['a-x']);
    await running.stop();
  });

  test('says Stalled with the field of an invalid spec, keeps its children, and does not try again', async () => {
    await shop.toy('a', { parts: ['x'] });
    const running = await shop.start();
    await shop.pass();
    await shop.toy('a', { parts: [], broken: true });
    await shop.pass();
    const toy = (await shop.get(TOY, 'a'))!;
    assertConditionsConform(toy);
    expect(findCondition(conditionsOf(toy), 'Stalled')).toMatchObject({ status: 'True', reason: 'InvalidSpec' });
    expect(statusOf(toy)).toMatchObject({ parts: 1, observedGeneration: toy.metadata.generation });
    expect(await shop.names()).toEqual(['a-x']);
    const events = (await shop.names(EVENT)).length;
    expect(events).toBe(2);
    const before = shop.log.length;
    await shop.pass(3_600_000);
    expect(shop.log.length).toBe(before);
    expect((await shop.names(EVENT)).length).toBe(events);
    await shop.toy('a', { parts: ['x'] });
    await shop.pass();
    expect(findCondition(conditionsOf((await shop.get(TOY, 'a'))!), 'Stalled')).toBeUndefined();
    await running.stop();
  });

  test('deletes children before it lets the object go, and only then', async () => {
    await shop.toy('a', { parts: ['x', 'y'], hold: true });
    const running = await shop.start();
    await shop.pass();
    const { uid } = (await shop.get(TOY, 'a'))!.metadata;
    await shop.user.delete({ ...TOY, namespace: 'default', name: 'a' }, { uid, propagation: 'Background' });
    await shop.pass();
    expect(await shop.names()).toEqual([]);
    expect((await shop.get(TOY, 'a'))?.metadata.finalizers).toEqual([FINALIZER]);
    await shop.toy('a', { parts: ['x', 'y'] });
    await shop.pass();
    expect(await shop.get(TOY, 'a')).toBeUndefined();
    await running.stop();
  });

  test('does not let an object go while something lives that its cache does not show', async () => {
    const blind: typeof toyReconciler = {
      ...toyReconciler,
      decide: (scope) => {
        const goes = scope.object.metadata.deletionTimestamp !== undefined;
        const goneFirst = [{ ...CONFIG_MAP, namespace: 'default', name: 'a-x' }];
        return goes ? { children: [], live: [], goneFirst } : toyReconciler.decide(scope);
      },
    };
    await shop.toy('a', { parts: ['x'] });
    const running = await shop.start({ reconcilers: [blind] });
    await shop.pass();
    const { uid } = (await shop.get(TOY, 'a'))!.metadata;
    await shop.user.delete({ ...TOY, namespace: 'default', name: 'a' }, { uid, propagation: 'Background' });
    await shop.pass(60_000);
    expect(await shop.names(TOY)).toEqual(['a']);
    const part = (await shop.get(CONFIG_MAP, 'a-x'))!.metadata;
    await shop.user.delete(
      { ...CONFIG_MAP, namespace: 'default', name: 'a-x' },
      { uid: part.uid, propagation: 'Background' },
    );
    await shop.pass(60_000);
    expect(await shop.names(TOY)).toEqual([]);
    await running.stop();
  });

  test('answers weka.io/reconcile-requested-at in status', async () => {
    await shop.toy('a', { parts: [] }, { [ANNOTATION.reconcileRequestedAt]: 'now-1' });
    const running = await shop.start();
    await shop.pass();
    expect(statusOf(await shop.get(TOY, 'a'))['reconcileRequestedAt']).toBe('now-1');
    await shop.toy('a', { parts: [] }, { [ANNOTATION.reconcileRequestedAt]: 'now-2' });
    await shop.pass();
    expect(statusOf(await shop.get(TOY, 'a'))['reconcileRequestedAt']).toBe('now-2');
    await running.stop();
  });

  test('records one Event a transition, not again after a restart, and counts the second time', async () => {
    await shop.toy('a', { parts: ['x'] });
    const first = await shop.start();
    await shop.pass();
    const [name] = await shop.names(EVENT);
    expect(await shop.get(EVENT, name!)).toMatchObject({ reason: 'Complete', count: 1 });
    await first.stop();
    const second = await shop.start();
    await shop.pass();
    expect(await shop.names(EVENT)).toEqual([name]);
    await shop.toy('a', { parts: ['x', 'y'] });
    await shop.pass();
    expect(await shop.names(EVENT)).toEqual([name]);
    expect(await shop.get(EVENT, name!)).toMatchObject({ count: 2 });
    await second.stop();
  });

  test('shows conditions and rounds as metrics', async () => {
    await shop.toy('a', { parts: ['x'] });
    const running = await shop.start();
    await shop.pass();
    const text = await shop.metrics.text();
    expect(text).toContain(
      'weka_operator_condition{kind="Toy",namespace="default",name="a",type="Ready",status="True"} 1',
    );
    expect(text).toContain('weka_operator_changes_total{controller="toy",action="created"} 1');
    expect(text).toMatch(/controller_runtime_reconcile_total\{controller="toy",result="success"\} \d/);
    expect(text).toContain('workqueue_depth{name="toy",controller="toy"} 0');
    await running.stop();
  });
});
