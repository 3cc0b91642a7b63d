import { Pace } from '../../controllers/runtime/pace';

const NOW = 1_000_000;
const turns = (pace: Pace, count: number, now = NOW): Pace => {
  for (let i = 0; i < count; i += 1) pace.turn('a', now);
  return pace;
};

describe('the pace of a key: a burst of three, then one a second', () => {
  const aPace = (): Pace => new Pace({ burst: 3, intervalMs: 1_000 });

  test.each([
    ['it never had a turn', 0, 0, 0],
    ['it has had fewer than its burst', 2, 0, 0],
    ['it has had its burst', 3, 0, 1_000],
    ['it has had its burst a moment ago', 3, 400, 600],
    ['it has had its burst a second ago', 3, 1_000, 0],
    ['it took more turns than it might', 9, 0, 2_000],
    ['the clock was set back by an hour', 3, -3_600_000, 0],
  ])('%s', (_, count, later, wait) => {
    expect(turns(aPace(), count).waitMs('a', NOW + later)).toBe(wait);
  });

  it('is that of one key alone, and is forgotten with it', () => {
    const pace = turns(aPace(), 3);
    expect(pace.waitMs('b', NOW)).toBe(0);
    pace.forget('a');
    expect(pace.waitMs('a', NOW)).toBe(0);
  });
});
