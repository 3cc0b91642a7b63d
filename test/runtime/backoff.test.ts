import { backoffMs } from '../../controllers/runtime/backoff';
import { compareVersions } from '../../controllers/runtime/resource-version';

const range = { baseMs: 500, capMs: 30_000 };
test.each([
  { failures: 0, least: 250, most: 500 },
  { failures: 1, least: 500, most: 1000 },
  { failures: 5, least: 8000, most: 16_000 },
  { failures: 6, least: 15_000, most: 30_000 },
  { failures: 10_000, least: 15_000, most: 30_000 },
])('after $failures failures: between $least and $most ms', ({ failures, least, most }) => {
  expect(backoffMs(failures, { next: () => 0 }, range)).toBe(least);
  expect(backoffMs(failures, { next: () => 1 }, range)).toBe(most);
});

test.each([
  { a: '9', b: '10', sign: -1 },
  { a: '10', b: '10', sign: 0 },
  { a: '18446744073709551615', b: '18446744073709551614', sign: 1 },
  { a: '007', b: '7', sign: 0 },
  { a: 'a', b: '1', sign: undefined },
  { a: '1', b: '', sign: undefined },
])('resource versions $a and $b', ({ a, b, sign }) => {
  const result = compareVersions(a, b);
  expect(result === undefined ? undefined : Math.sign(result)).toBe(sign);
});
