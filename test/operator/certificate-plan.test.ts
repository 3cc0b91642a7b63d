import {
  AUTHORITY_MS,
  authorityValidity,
  BACKDATE_MS,
  planAuthorities,
  renewalTime,
  SERVING_MS,
  servingValidity,
  SPREAD_MS,
} from '../../lib/operator/certificate-plan';

const DAY = 24 * 3600_000;
const YEAR = 365 * DAY;
const START = Date.parse('2026-01-01T00:00:00Z');

interface Named {
  readonly name: string;
  readonly notBefore: number;
  readonly notAfter: number;
}
const authority = (name: string, made: number): Named => ({ name, notBefore: made, notAfter: made + 10 * YEAR });
/** The plan in words: who signs, who is trusted, whether another is made. */
const planned = (authorities: readonly Named[], now: number): string => {
  const { signer, trusted, makeAnother } = planAuthorities(authorities, now);
  const names = trusted.map(({ name }) => name).join('+') || 'nobody';
  return `${signer?.name ?? 'nobody'} signs, ${names} trusted${makeAnother ? ', another is made' : ''}`;
};

const first = authority('first', START);
const second = authority('second', START + 8 * YEAR);

describe('which authority signs, which are trusted, when another is made', () => {
  test.each<[string, readonly Named[], number, string]>([
    ['none at all', [], START, 'nobody signs, nobody trusted, another is made'],
    ['the only one, just made', [first], START, 'first signs, first trusted'],
    ['a fifth of its life left, and a moment', [first], START + 8 * YEAR - 1, 'first signs, first trusted'],
    ['less than a fifth left', [first], START + 8 * YEAR + 1, 'first signs, first trusted, another is made'],
    ['the new one spreads', [first, second], second.notBefore + 1, 'first signs, first+second trusted'],
    ['a moment before a day', [first, second], second.notBefore + DAY - 1, 'first signs, first+second trusted'],
    ['after a day it signs', [first, second], second.notBefore + DAY, 'second signs, first+second trusted'],
    [
      'the last certificate of the old one may live',
      [first, second],
      second.notBefore + DAY + SERVING_MS - 1,
      'second signs, first+second trusted',
    ],
    ['it cannot any more', [first, second], second.notBefore + DAY + SERVING_MS, 'second signs, second trusted'],
    ['in any order', [second, first], second.notBefore + DAY, 'second signs, first+second trusted'],
    ['the old one expires', [first, second], first.notAfter, 'second signs, second trusted'],
    ['all have expired', [first], first.notAfter, 'nobody signs, nobody trusted, another is made'],
    [
      'the operator slept for nine years and a half, then made another: nobody waits',
      [authority('expired', START), authority('new', START + 10 * YEAR + 1)],
      START + 10 * YEAR + 2,
      'new signs, new trusted',
    ],
    [
      'one from the future is kept and signs nothing',
      [first, authority('future', START + 2 * YEAR)],
      START + YEAR,
      'first signs, first+future trusted',
    ],
    [
      'only one from the future: the clock was wrong, another is made',
      [authority('future', START + 2 * YEAR)],
      START,
      'nobody signs, future trusted, another is made',
    ],
    [
      'three, two of them young: the youngest that had time to spread',
      [first, second, authority('third', second.notBefore + 10 * DAY)],
      second.notBefore + 10 * DAY,
      'second signs, first+second+third trusted',
    ],
  ])('%s', (_what, authorities, now, expected) => {
    expect(planned(authorities, now)).toBe(expected);
  });

  test('through forty years, looked at once a week: somebody always signs, was trusted for a day before, and is valid', () => {
    let authorities: Named[] = [];
    const trustedSince = new Map<string, number>();
    const signers = new Set<string>();
    for (let now = START; now < START + 40 * YEAR; now += 7 * DAY) {
      let plan = planAuthorities(authorities, now);
      authorities = [...plan.trusted];
      if (plan.makeAnother) authorities.push({ name: `made ${now}`, ...authorityValidity(now) });
      for (const { name } of authorities) if (!trustedSince.has(name)) trustedSince.set(name, now);
      plan = planAuthorities(authorities, now);
      const { signer } = plan;
      expect(signer).toBeDefined();
      signers.add(signer!.name);
      const waited = now - trustedSince.get(signer!.name)!;
      if (signers.size > 1) expect(waited).toBeGreaterThanOrEqual(SPREAD_MS);
      expect(plan.trusted.length).toBeLessThanOrEqual(2);
      // What it signs now lives its whole life, and its authority is trusted for as long.
      expect(servingValidity(now, signer!).notAfter).toBe(now + SERVING_MS);
    }
    expect(signers.size).toBe(5);
  });
});

describe('lives', () => {
  test('an authority lives ten years, a serving certificate ninety days, both begin five minutes ago', () => {
    const made = authorityValidity(START);
    expect(made).toEqual({ notBefore: START - BACKDATE_MS, notAfter: START + AUTHORITY_MS });
    expect(servingValidity(START, made)).toEqual({ notBefore: START - BACKDATE_MS, notAfter: START + 90 * DAY });
  });

  test('no certificate outlives its authority, nor begins before it', () => {
    const signer = { notBefore: START, notAfter: START + 10 * DAY };
    expect(servingValidity(START + 1, signer)).toEqual({ notBefore: START, notAfter: START + 10 * DAY });
  });

  test('renewal is due at two thirds of a life', () => {
    expect(renewalTime({ notBefore: START, notAfter: START + 90 * DAY })).toBe(START + 60 * DAY);
  });
});
