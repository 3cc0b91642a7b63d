import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { packageFile } from '../../agents/drivers-dist/package-record';
import type { Figures } from '../child';
import { measureOnce } from '../child';
import type { DistPlace, PackageServer } from '../dist';
import { inTemporaryDirectory, startDist } from '../dist';
import type { Measure } from '../measure';
import type { BenchPackage } from '../package';
import { writePackage } from '../package';
import { cpuMsOf, peakMbOf } from '../process';
import type { Row } from '../row';
import { median, row } from '../row';

const MEBIBYTES = 128;
const RUNS = 5;

/** One upload to a service that doesn't have the package. */
const upload = async (dist: PackageServer, { directory, stored, tls }: DistPlace): Promise<Figures> => {
  const before = cpuMsOf(dist.pid);
  const { ms = NaN } = await measureOnce('upload', { port: dist.port, tls, stored });
  // As if by hand: the service takes it again.
  rmSync(join(directory, packageFile(stored.id)));
  return { ms, cpu: (cpuMsOf(dist.pid) - before) / (stored.size / 1e9), peak: peakMbOf(dist.pid) };
};

const rowsOf = (ours: readonly Figures[], peer: readonly Figures[], tls: boolean): readonly Row[] => {
  const middle = (runs: readonly Figures[], key: string): number => median(runs.map((figures) => figures[key] ?? NaN));
  const rate = (runs: readonly Figures[]): number => (MEBIBYTES / middle(runs, 'ms')) * 1000;
  const id = `dist/upload/${tls ? 'tls' : 'clear'}`;
  const measure = `dist: upload of ${MEBIBYTES} MiB ${tls ? 'over TLS' : 'in clear'}, verified and on the disk`;
  return [
    row({
      ...{ id: `${id}/rate`, measure, unit: 'MiB/s', better: 'more', target: { ratioAtLeast: 0.95 } },
      ...{ ours: rate(ours), peer: rate(peer), peerName: 'openssl dgst -sha256' },
    }),
    row({
      ...{ id: `${id}/cpu`, measure: `${measure}: CPU of the service`, unit: 'ms/GB', better: 'less' },
      ours: middle(ours, 'cpu'),
    }),
    row({
      ...{ id: `${id}/memory`, measure: `${measure}: peak of the service`, unit: 'MB', better: 'less' },
      ours: middle(ours, 'peak'),
    }),
  ];
};

const measured = async (root: string, stored: BenchPackage, tls: boolean): Promise<readonly Row[]> => {
  const place = { directory: mkdtempSync(join(root, 'dist-')), stored, tls };
  const [ours, peer]: [Figures[], Figures[]] = [[], []];
  const dist = await startDist(place);
  try {
    for (let run = 0; run < RUNS; run++) {
      ours.push(await upload(dist, place));
      peer.push(await measureOnce('openssl-verify', { file: stored.file, sha256: stored.sha256 }));
    }
    return rowsOf(ours, peer, tls);
  } finally {
    await dist.stop();
  }
};

export const distUpload: Measure = {
  id: 'dist/upload',
  run: () =>
    inTemporaryDirectory(async (root) => {
      const stored = await writePackage(root, MEBIBYTES << 20);
      return [...(await measured(root, stored, false)), ...(await measured(root, stored, true))];
    }),
};
