import type { Condition, Verdict } from '../../lib/base/conditions';
import { conclude, conditionsOf, setCondition, verdictOf } from '../../lib/base/conditions';
import { OperatorError } from '../../lib/base/errors';
import { assertConditionsConform, conditionFaults } from '../conformance/conditions';

const NOON = Date.parse('2026-01-01T12:00:00Z');
const LATER = NOON + 60_000;
const claim = (status: 'True' | 'False', reason = 'Because') => ({
  type: 'DriversReady',
  status,
  reason,
  message: 'So.',
});
const READY: Verdict = { state: 'ready' };
const GOING: Verdict = { state: 'reconciling', reason: 'Progressing', message: 'Being made.' };
const STUCK: Verdict = { state: 'stalled', reason: 'InvalidSpec', message: 'Wrong.' };
const brief = (conditions: readonly Condition[]) => conditions.map(({ type, status }) => `${type}=${status}`).join(' ');

describe('a condition', () => {
  test('keeps its transition time while the status stays, whatever else changes', () => {
    const first = setCondition([], claim('True'), NOON);
    const second = setCondition(first, claim('True', 'Otherwise'), LATER);
    expect(second[0]).toMatchObject({ reason: 'Otherwise', lastTransitionTime: '2026-01-01T12:00:00Z' });
  });

  test('gets a new transition time when the status changes', () => {
    const second = setCondition(setCondition([], claim('True'), NOON), claim('False'), LATER);
    expect(second).toHaveLength(1);
    expect(second[0]?.lastTransitionTime).toBe('2026-01-01T12:01:00Z');
  });
});

describe('the standard conditions', () => {
  test.each<[string, Verdict[], string]>([
    ['a new object that is fine', [READY], 'Ready=True'],
    ['a new object that is being made', [GOING], 'Ready=False Reconciling=True'],
    ['what serves while it changes', [READY, { ...GOING, available: true }], 'Ready=True Reconciling=True'],
    ['what is stuck', [STUCK], 'Ready=False Stalled=True'],
    ['stuck after going on: never both', [GOING, STUCK], 'Ready=False Stalled=True'],
    ['going on after stuck: never both', [STUCK, GOING], 'Ready=False Reconciling=True'],
    ['fine in the end', [GOING, STUCK, GOING, READY], 'Ready=True'],
  ])('%s', (_what, verdicts, expected) => {
    const conditions = verdicts.reduce<readonly Condition[]>(
      (list, verdict) => conclude(list, verdict, { now: NOON, generation: 2 }),
      [],
    );
    expect(brief(conditions)).toBe(expected);
    assertConditionsConform({
      apiVersion: 'v1',
      kind: 'Toy',
      metadata: { name: 'a', generation: 2 },
      status: { conditions: conditions as never },
    });
  });

  test('an error that can cure itself is reconciling, one that cannot is stalled, both with the remedy', () => {
    expect(verdictOf(new OperatorError('Conflict', { object: 'Pod/a' }))).toMatchObject({
      state: 'reconciling',
      reason: 'Conflict',
    });
    const stalled = verdictOf(new OperatorError('ImmutableField', { object: 'Pod/a', field: 'spec.nodeName' }));
    expect(stalled).toMatchObject({ state: 'stalled', reason: 'ImmutableField' });
    expect(stalled.message).toContain('Nothing was deleted.');
  });

  test('equal states are equal lists, in whatever order they came about', () => {
    const one = conclude(setCondition([], claim('True'), NOON), READY, { now: NOON });
    const two = setCondition(conclude([], READY, { now: NOON }), claim('True'), NOON);
    expect(one).toEqual(two);
  });
});

describe('the checker', () => {
  const time = '2026-01-01T12:00:00Z';
  const ok = { reason: 'Fine', message: 'Fine.', lastTransitionTime: time };
  test.each([
    ['no conditions at all', undefined, 'missing'],
    ['no Ready', [{ type: 'Stalled', status: 'True', ...ok }], 'Ready is missing'],
    [
      'a Reconciling that is False',
      [
        { type: 'Ready', status: 'True', ...ok },
        { type: 'Reconciling', status: 'False', ...ok },
      ],
      'present but not True',
    ],
    [
      'both',
      [
        { type: 'Ready', status: 'False', ...ok },
        { type: 'Reconciling', status: 'True', ...ok },
        { type: 'Stalled', status: 'True', ...ok },
      ],
      'both True',
    ],
    ['a reason with blanks', [{ type: 'Ready', status: 'True', ...ok, reason: 'not so' }], 'CamelCase'],
    ['a time in the text', [{ type: 'Ready', status: 'True', ...ok, message: 'since 12:00:00' }], 'changes by itself'],
    [
      'a type twice',
      [
        { type: 'Ready', status: 'True', ...ok },
        { type: 'Ready', status: 'True', ...ok },
      ],
      'twice',
    ],
    ['no transition time', [{ type: 'Ready', status: 'True', ...ok, lastTransitionTime: '' }], 'no time'],
  ])('finds %s', (_what, conditions, fault) => {
    const object = {
      apiVersion: 'v1',
      kind: 'Toy',
      metadata: { name: 'a' },
      status: { ...(conditions === undefined ? {} : { conditions }) },
    };
    expect(conditionFaults(object).join('; ')).toContain(fault);
    expect(() => assertConditionsConform(object)).toThrow(fault);
  });

  test('entries of a live list that are no conditions are left out', () => {
    expect(
      conditionsOf({ status: { conditions: [{ type: 'Ready', status: 'True' }, 'x', { type: 'y' }] } }),
    ).toHaveLength(1);
  });
});
