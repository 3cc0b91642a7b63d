import { createHash, randomBytes } from 'node:crypto';
import type { Fingerprint } from '../../../agents/drivers-dist/fingerprint';
import { CHUNK_BYTES, Fingerprinter } from '../../../agents/drivers-dist/fingerprint';

const fingerprint = (content: Buffer, piece: number): Fingerprint => {
  const fingerprinter = new Fingerprinter();
  for (let at = 0; at < content.length; at += piece) fingerprinter.update(content.subarray(at, at + piece));
  return fingerprinter.finish();
};
const chunk = (content: Buffer, index: number): Buffer =>
  content.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES);

const sizes = { nothing: 0, 'a byte': 1, 'one chunk': CHUNK_BYTES, 'a byte more': CHUNK_BYTES + 1, some: 2_500_000 };
describe.each(Object.entries(sizes))('%s', (_, size) => {
  const content = randomBytes(size);

  test.each([1000, 65_536, CHUNK_BYTES, 3_000_000])('in pieces of %d bytes: the digest of the whole', (piece) => {
    const { sha256, size: counted, chunks } = fingerprint(content, piece);
    expect(sha256).toBe(createHash('sha256').update(content).digest('hex'));
    expect([counted, chunks]).toEqual([size, Math.ceil(size / CHUNK_BYTES)]);
  });

  test('each chunk is recognised by itself, in any order', () => {
    const print = fingerprint(content, 70_000);
    for (let index = print.chunks - 1; index >= 0; index--) {
      expect(print.chunkSize(index)).toBe(chunk(content, index).length);
      expect(print.holds(index, chunk(content, index))).toBe(true);
      expect(print.holds(index, chunk(content, index))).toBe(true);
    }
  });
});

test('a flipped byte, a shorter chunk, another place, a place that is none: not recognised', () => {
  const content = randomBytes(2_500_000);
  const print = fingerprint(content, 65_536);
  const flipped = Buffer.from(chunk(content, 1));
  flipped[5] = (flipped[5] ?? 0) ^ 1;
  expect(print.holds(1, flipped)).toBe(false);
  expect(print.holds(1, chunk(content, 1).subarray(1))).toBe(false);
  expect(print.holds(0, chunk(content, 1))).toBe(false);
  expect(print.holds(3, chunk(content, 1))).toBe(false);
});
