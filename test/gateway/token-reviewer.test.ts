import { expiryOf, TokenReviewer } from '../../controllers/gateway/token-reviewer';
import { createMetrics } from '../../controllers/runtime/metrics';
import { settle, VirtualClock } from '../fakes/clock';
import { TokenAuthority } from './token-authority';

describe('reviews of tokens', () => {
  let clock: VirtualClock;
  let authority: TokenAuthority;
  let reviewer: TokenReviewer;
  const metrics = createMetrics();
  beforeEach(() => {
    clock = new VirtualClock();
    authority = new TokenAuthority(() => clock.now());
    reviewer = new TokenReviewer({ client: authority.client(), clock, metrics });
  });
  const pod = { name: 'dist', uid: 'pod-1' };
  const verdictOn = async (token: string): Promise<string> => {
    const verdict = await reviewer.review(token);
    if ('claim' in verdict) return `${verdict.claim.namespace}/${verdict.claim.name}`;
    return 'refused' in verdict ? verdict.refused : `unavailable: ${verdict.unavailable.code}`;
  };

  test('a good token is reviewed once a minute, however often it comes', async () => {
    const token = authority.issue({ pod });
    for (let times = 0; times < 100; times++) expect(await verdictOn(token)).toBe('storage/dist');
    expect(authority.reviews).toBe(1);
    await clock.advance(59_999);
    await verdictOn(token);
    expect(authority.reviews).toBe(1);
    await clock.advance(1);
    await verdictOn(token);
    expect(authority.reviews).toBe(2);
  });

  test('one that comes a hundred times at once is reviewed once', async () => {
    const token = authority.issue({ pod });
    const verdicts = await Promise.all(Array.from({ length: 100 }, () => verdictOn(token)));
    expect(new Set(verdicts)).toEqual(new Set(['storage/dist']));
    expect(authority.reviews).toBe(1);
  });

  test('what was said of a token counts no longer than the token', async () => {
    const token = authority.issue({ pod, lifetime: 20 });
    expect(await verdictOn(token)).toBe('storage/dist');
    await clock.advance(20_000);
    expect(await verdictOn(token)).toBe('the token is not valid');
  });

  test('a token that was revoked is good for a minute at most', async () => {
    const token = authority.issue({ pod });
    await verdictOn(token);
    authority.revoke(token);
    await clock.advance(60_000);
    expect(await verdictOn(token)).toBe('the token is not valid');
  });

  test('a refusal is remembered for ten seconds: a token may become good', async () => {
    const token = authority.issue({ pod });
    authority.revoke(token);
    for (let times = 0; times < 10; times++) expect(await verdictOn(token)).toBe('the token is not valid');
    expect(authority.reviews).toBe(1);
    await clock.advance(10_000);
    await verdictOn(token);
    expect(authority.reviews).toBe(2);
  });

  test('while the API server is away nothing is known, nothing is remembered, and what was known still counts', async () => {
    const [known, other] = [authority.issue({ pod }), authority.issue({ pod: { name: 'b', uid: 'pod-2' } })];
    await verdictOn(known);
    authority.away = true;
    expect(await verdictOn(known)).toBe('storage/dist');
    expect(await verdictOn(other)).toBe('unavailable: ApiUnreachable');
    authority.away = false;
    expect(await verdictOn(other)).toBe('storage/b');
  });

  test('an API server that never answers is given up after ten seconds', async () => {
    authority.hold = new Promise(() => undefined);
    const verdict = verdictOn(authority.issue({ pod }));
    await clock.advance(10_000);
    expect(await verdict).toBe('unavailable: ApiTimeout');
  });

  test('two thousand different tokens at once: sixteen reviews at a time, all are answered', async () => {
    let release = (): void => undefined;
    authority.hold = new Promise((resolve) => (release = resolve));
    const tokens = Array.from({ length: 2_000 }, (_, n) => authority.issue({ pod: { name: `p${n}`, uid: `u${n}` } }));
    const all = Promise.all(tokens.map(verdictOn));
    await settle();
    expect(authority.atOnce.now).toBe(16);
    release();
    const verdicts = await all;
    expect(verdicts).toEqual(tokens.map((_, n) => `storage/p${n}`));
    expect(authority.atOnce.most).toBe(16);
    expect(authority.reviews).toBe(2_000);
  });

  test('more than can wait are told to come again, and the others are served', async () => {
    let release = (): void => undefined;
    authority.hold = new Promise((resolve) => (release = resolve));
    const tokens = Array.from({ length: 5_100 }, (_, n) => authority.issue({ pod: { name: `p${n}`, uid: `u${n}` } }));
    const all = Promise.all(tokens.map(verdictOn));
    await settle();
    release();
    const verdicts = await all;
    expect(verdicts.filter((verdict) => verdict.startsWith('unavailable'))).toHaveLength(5_100 - 5_016);
  });

  test('is counted by its result', async () => {
    expect(await metrics.text()).toMatch(/weka_operator_token_reviews_total\{result="accepted"\} \d+/);
    expect(await metrics.text()).toMatch(/weka_operator_token_reviews_total\{result="refused"\} \d+/);
    expect(await metrics.text()).toMatch(/weka_operator_token_reviews_total\{result="failed"\} \d+/);
  });
});

describe('what is evidently no token of ours is refused without a review', () => {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const token = (payload: unknown): string => `${part({})}.${part(payload)}.c2ln`;

  test.each<[string, string, number | undefined]>([
    ['one audience', token({ aud: 'weka-operator', exp: 5 }), 5_000],
    ['several audiences', token({ aud: ['a', 'weka-operator'], exp: 5 }), 5_000],
    ['the audience of the API server', token({ aud: ['https://kubernetes.default.svc'], exp: 5 }), undefined],
    ['no audience', token({ exp: 5 }), undefined],
    ['no end', token({ aud: 'weka-operator' }), undefined],
    ['a list', token([]), undefined],
    ['nothing in it', token(null), undefined],
    ['no signature', `${part({})}.${part({ aud: 'weka-operator', exp: 5 })}`, undefined],
    ['no JSON', 'a.b.c', undefined],
    ['nothing', '', undefined],
    ['seventeen kilobytes', `${token({ aud: 'weka-operator', exp: 5 })}${'a'.repeat(17_000)}`, undefined],
  ])('%s', (_what, given, expected) => {
    expect(expiryOf(given)).toBe(expected);
  });

  test('the API server is not asked', async () => {
    const authority = new TokenAuthority();
    const reviewer = new TokenReviewer({
      client: authority.client(),
      clock: new VirtualClock(),
      metrics: createMetrics(),
    });
    for (const given of ['', 'a.b.c', token({ exp: 9e12 })])
      expect(await reviewer.review(given)).toHaveProperty('refused');
    expect(authority.reviews).toBe(0);
  });
});
