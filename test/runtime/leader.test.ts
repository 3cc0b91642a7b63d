import { OperatorError } from '../../lib/base/errors';
import { LEADER_LEASE } from '../../lib/base/names';
import type { FaultPoint } from '../../sim/client';
import { Workshop } from './toy';

const LEASE = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' };
const namespace = 'weka-operator-system';

describe('leader election', () => {
  let shop: Workshop;
  beforeEach(async () => {
    shop = new Workshop();
    await shop.toy('a', { parts: ['x'] });
  });
  const holder = async () => (await shop.get(LEASE, LEADER_LEASE, namespace))?.spec?.['holderIdentity'];

  test('one of two acts; the other stands by and is ready', async () => {
    const one = await shop.start({ user: 'one', leaderElection: {} });
    await shop.pass(1_000);
    const two = await shop.start({ user: 'two', leaderElection: {} });
    await shop.pass(60_000);
    expect(await holder()).toBe('one');
    expect(shop.writesOf('two')).toEqual([]);
    expect(two.manager.readiness().ready).toBe(true);
    expect(two.manager.readiness().checks.at(-1)).toEqual({
      name: 'leader',
      ready: true,
      message: 'standing by, one leads',
    });
    expect(one.manager.readiness().ready).toBe(true);
    await one.stop();
    await two.stop();
  });

  test('a leader that stops gives the Lease back: the other leads at its next try', async () => {
    const one = await shop.start({ user: 'one', leaderElection: {} });
    await shop.pass();
    const two = await shop.start({ user: 'two', leaderElection: {} });
    await shop.pass();
    await one.stop();
    expect(one.error).toBeUndefined();
    await shop.pass(3_000);
    expect(await holder()).toBe('two');
    expect((await shop.get(LEASE, LEADER_LEASE, namespace))?.spec).toMatchObject({ leaseTransitions: 1 });
    await two.stop();
  });

  test('a leader cut off from the server stops acting before another may lead, and says so', async () => {
    let cut = false;
    const faults: FaultPoint = {
      call: (_call, proceed) => (cut ? new Promise(() => undefined) : proceed()),
      deliver: (_delivery, proceed) => (cut ? undefined : proceed()),
    };
    const one = await shop.start({ user: 'one', leaderElection: {}, faults });
    await shop.pass();
    const two = await shop.start({ user: 'two', leaderElection: {} });
    await shop.pass();
    cut = true;
    const since = shop.clock.now();
    await shop.clock.run({ forMs: 60_000, until: () => one.ended });
    const endedAfter = shop.clock.now() - since;
    expect(one.error).toBeInstanceOf(OperatorError);
    expect((one.error as OperatorError).code).toBe('LeadershipLost');
    expect(await holder()).toBe('one');
    expect(endedAfter).toBeLessThan(15_000);
    await shop.pass(20_000);
    expect(await holder()).toBe('two');
    await shop.toy('a', { parts: ['x', 'y'] });
    await shop.pass();
    expect(await shop.names()).toEqual(['a-x', 'a-y']);
    await two.stop();
  });

  test('a leader whose Lease somebody took ends at its next renewal', async () => {
    const one = await shop.start({ user: 'one', leaderElection: {} });
    await shop.pass();
    const lease = (await shop.get(LEASE, LEADER_LEASE, namespace))!;
    await shop.user.replace({ ...lease, spec: { ...lease.spec, holderIdentity: 'go-operator' } });
    await shop.pass(6_000);
    expect((one.error as OperatorError).message).toContain('go-operator holds it');
    expect(await holder()).toBe('go-operator');
  });

  test('steady state writes nothing but the Lease', async () => {
    const one = await shop.start({ user: 'one', leaderElection: {} });
    await shop.pass();
    const from = shop.cluster.log.writes.length;
    await shop.pass(600_000);
    expect(new Set(shop.writesOf('one', from))).toEqual(new Set([`replace Lease/${LEADER_LEASE}`]));
    await one.stop();
  });

  test('the stop waits for a running round, and gives it up at the deadline', async () => {
    let slow = true;
    const faults: FaultPoint = {
      call: (call, proceed) =>
        slow && call.target.kind === 'ConfigMap' && call.verb === 'apply'
          ? new Promise((resolve) => shop.clock.after(8_000, () => resolve(proceed())))
          : proceed(),
      deliver: (_delivery, proceed) => proceed(),
    };
    const patient = await shop.start({ user: 'patient', leaderElection: {}, faults });
    await shop.pass(2_000);
    await patient.stop();
    expect(patient.error).toBeUndefined();
    expect(await shop.names()).toEqual(['a-x']);
    expect(await holder()).toBeUndefined();

    await shop.toy('b', { parts: ['x', 'y', 'z'] });
    const hasty = await shop.start({ user: 'hasty', leaderElection: {}, faults, shutdownMs: 1_000 });
    await shop.pass(2_000);
    const since = shop.clock.now();
    await hasty.stop();
    expect(shop.clock.now() - since).toBeLessThanOrEqual(2_000);
    slow = false;
    await shop.pass(60_000);
    expect((await shop.names()).filter((name) => name.startsWith('b-')).length).toBeLessThan(3);
  });
});
