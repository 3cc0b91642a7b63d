import { parseDuration } from '../../lib/base/duration';

test.each([
  ['0', 0],
  ['90s', 90_000],
  ['1m', 60_000],
  ['1h30m', 5_400_000],
  ['24h0m0s', 86_400_000],
  ['1.5h', 5_400_000],
  ['250ms', 250],
  ['', undefined],
  ['1d', undefined],
  ['5', undefined],
])('%p is %p ms', (text, expected) => expect(parseDuration(text)).toBe(expected));
