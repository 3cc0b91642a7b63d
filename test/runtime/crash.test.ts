import { conditionsOf } from '../../lib/base/conditions';
import type { FaultPoint } from '../../sim/client';
import { assertConditionsConform } from '../conformance/conditions';
import { statusOf, TOY, Workshop } from './toy';

const WRITES = ['apply', 'create', 'replace', 'patch', 'delete'];

/** Dies at its nth write: before it reaches the server, or when it has and nobody hears of it. Then all is silence. */
const dyingAt = (
  nth: number,
  when: 'before' | 'after',
): { readonly faults: FaultPoint; readonly died: () => boolean } => {
  let [writes, dead] = [0, false];
  const silence = <T>(): Promise<T> => new Promise<T>(() => undefined);
  return {
    died: () => dead,
    faults: {
      call: (call, proceed) => {
        if (dead) return silence();
        if (WRITES.includes(call.verb)) writes += 1;
        dead = writes === nth;
        if (dead && when === 'after') proceed();
        return dead ? silence() : proceed();
      },
      deliver: (_delivery, proceed) => (dead ? undefined : proceed()),
    },
  };
};

/** What is left in the end, without what legitimately differs between runs. */
const finalState = async (shop: Workshop): Promise<unknown> => {
  const toy = await shop.get(TOY, 'a');
  if (toy !== undefined) assertConditionsConform(toy);
  const { conditions: _, ...status } = statusOf(toy);
  return {
    children: await shop.names(),
    finalizers: toy?.metadata.finalizers,
    status,
    conditions:
      toy === undefined ? [] : conditionsOf(toy).map(({ type, status: value, reason }) => `${type}=${value} ${reason}`),
    events: (await shop.names({ apiVersion: 'v1', kind: 'Event' })).length,
  };
};

/** Makes, changes, then deletes, with a manager that dies in the middle and another one after it. */
const story = async (phase: 'make' | 'change' | 'delete', crash?: { nth: number; when: 'before' | 'after' }) => {
  const shop = new Workshop();
  await shop.toy('a', { parts: ['x', 'y'] });
  if (phase !== 'make') {
    const running = await shop.start();
    await shop.pass();
    await running.stop();
  }
  if (phase === 'change') await shop.toy('a', { parts: ['y', 'z'] });
  if (phase === 'delete') {
    const { uid } = (await shop.get(TOY, 'a'))!.metadata;
    await shop.user.delete({ ...TOY, namespace: 'default', name: 'a' }, { uid, propagation: 'Background' });
  }
  const dying = crash === undefined ? undefined : dyingAt(crash.nth, crash.when);
  if (dying !== undefined) {
    await shop.start({ user: 'first', faults: dying.faults });
    await shop.pass();
  }
  const from = shop.cluster.log.writes.length;
  const survivor = await shop.start({ user: 'second' });
  await shop.pass(60_000);
  const state = await finalState(shop);
  await survivor.stop();
  return { state, died: dying?.died() ?? false, writes: shop.writesOf('second', from) };
};

describe('a manager that dies at any of its writes is followed by one that ends in the same state', () => {
  for (const phase of ['make', 'change', 'delete'] as const) {
    test.each(['before', 'after'] as const)(`to ${phase}: dying %s the write`, async (when) => {
      const undisturbed = await story(phase);
      let deaths = 0;
      for (let nth = 1; ; nth += 1) {
        const { state, died } = await story(phase, { nth, when });
        expect({ nth, state }).toEqual({ nth, state: undisturbed.state });
        if (!died) break;
        deaths += 1;
      }
      expect(deaths).toBeGreaterThanOrEqual(3);
    });
  }

  test('two managers at once end in the same state too', async () => {
    const shop = new Workshop();
    await shop.toy('a', { parts: ['x', 'y'] });
    const one = await shop.start({ user: 'one' });
    const two = await shop.start({ user: 'two' });
    await shop.pass(60_000);
    expect(await shop.names()).toEqual(['a-x', 'a-y']);
    const quiet = shop.cluster.log.writes.length;
    await shop.pass(3_600_000);
    expect(shop.cluster.log.writes.length).toBe(quiet);
    await one.stop();
    await two.stop();
  });
});
