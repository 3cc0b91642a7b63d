import { readRange } from '../../../agents/drivers-dist/byte-range';

const cases: Record<string, readonly [header: string | undefined, size: number, range: unknown]> = {
  'no header': [undefined, 100, undefined],
  'from the start': ['bytes=0-9', 100, { start: 0, end: 9 }],
  'one byte': ['bytes=7-7', 100, { start: 7, end: 7 }],
  'to the end': ['bytes=90-', 100, { start: 90, end: 99 }],
  'beyond the end': ['bytes=90-1000', 100, { start: 90, end: 99 }],
  'the last bytes': ['bytes=-10', 100, { start: 90, end: 99 }],
  'more last bytes than there are': ['bytes=-1000', 100, { start: 0, end: 99 }],
  'with blanks, in capitals': ['BYTES= 1 - 2 ', 100, { start: 1, end: 2 }],
  'behind the end': ['bytes=100-', 100, 'unsatisfiable'],
  'no last bytes': ['bytes=-0', 100, 'unsatisfiable'],
  'of nothing': ['bytes=0-0', 0, 'unsatisfiable'],
  'backwards is nonsense': ['bytes=9-1', 100, undefined],
  'several ranges': ['bytes=0-1,5-6', 100, undefined],
  'another unit': ['lines=0-1', 100, undefined],
  'nothing behind the sign': ['bytes=-', 100, undefined],
  nonsense: ['bytes=a-b', 100, undefined],
};

test.each(Object.entries(cases))('%s', (_, [header, size, range]) => {
  expect(readRange(header, size)).toEqual(range);
});
