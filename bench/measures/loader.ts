import { createHash, randomBytes } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { measure } from '../child';
import type { Measure } from '../measure';
import type { Row } from '../row';
import { row } from '../row';

const MEBIBYTES = 1024;
const RUNS = 5;

/** A file of that size, in the page cache afterwards, and its digest. */
const bigFile = (file: string): string => {
  const [piece, hash, descriptor] = [randomBytes(1 << 20), createHash('sha256'), openSync(file, 'w')];
  for (let written = 0; written < MEBIBYTES; written++) {
    writeSync(descriptor, piece);
    hash.update(piece);
  }
  closeSync(descriptor);
  return hash.digest('hex');
};

const verify = async (directory: string): Promise<readonly Row[]> => {
  const file = join(directory, 'package');
  const argument = { file, sha256: bigFile(file) };
  const { ours, peer } = await measure(
    { ours: { child: 'loader-verify', argument }, peer: { child: 'openssl-verify', argument } },
    RUNS,
  );
  const rate = (ms: number | undefined): number => (MEBIBYTES / (ms ?? NaN)) * 1000;
  const what = 'loader: SHA-256 of 1 GiB in the node’s cache, as before every load';
  return [
    row({
      ...{ id: 'loader/verify/rate', measure: what, unit: 'MiB/s', better: 'more' },
      ...{ ours: rate(ours['ms']), peer: rate(peer['ms']), peerName: 'openssl dgst -sha256' },
      target: { ratioAtLeast: 0.95 },
    }),
    row({
      ...{ id: 'loader/verify/memory', measure: `${what}: peak`, unit: 'MB', better: 'less' },
      ...{ ours: ours['peak'] ?? null, target: { atMost: 150 } },
    }),
  ];
};

export const loader: Measure = {
  id: 'loader',
  run: async () => {
    const directory = mkdtempSync(join(tmpdir(), 'weka-operator-bench-'));
    try {
      return await verify(directory);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  },
};
