import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { packageFile } from '../../agents/drivers-dist/package-record';
import type { Figures } from '../child';
import { measureOnce } from '../child';
import type { DistPlace, PackageServer } from '../dist';
import { inTemporaryDirectory, startDist } from '../dist';
import type { Measure } from '../measure';
import { startNginxIfThere } from '../nginx';
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

/** What somebody does without such a service: nginx takes the file, and openssl says whether it is the right one. */
const byHand = async (nginx: PackageServer, { directory, stored, tls }: DistPlace): Promise<Figures> => {
  const { ms: sent = NaN } = await measureOnce('upload', { port: nginx.port, tls, stored });
  const file = join(directory, packageFile(stored.id));
  const { ms: verified = NaN } = await measureOnce('openssl-verify', { file, sha256: stored.sha256 });
  rmSync(file);
  return { ms: sent + verified };
};

/** Runs of ours and of those that are compared with it. */
interface Runs {
  readonly ours: Figures[];
  readonly openssl: Figures[];
  /** Empty: nginx is not installed. */
  readonly nginx: Figures[];
}

const middle = (runs: readonly Figures[], key: string): number => median(runs.map((figures) => figures[key] ?? NaN));
const rateOf = (runs: readonly Figures[]): number | null =>
  runs.length === 0 ? null : (MEBIBYTES / middle(runs, 'ms')) * 1000;

const rowsOf = ({ ours, openssl, nginx }: Runs, tls: boolean): readonly Row[] => {
  const id = `dist/upload/${tls ? 'tls' : 'clear'}`;
  const measure = `dist: upload of ${MEBIBYTES} MiB ${tls ? 'over TLS' : 'in clear'}, verified and on the disk`;
  const rate = { measure, unit: 'MiB/s', better: 'more', ours: rateOf(ours) } as const;
  return [
    row({
      ...{ ...rate, id: `${id}/rate`, target: { ratioAtLeast: 0.95 } },
      ...{ peer: rateOf(openssl), peerName: 'openssl dgst -sha256' },
    }),
    row({
      ...{ ...rate, id: `${id}/by-hand`, peer: rateOf(nginx) },
      peerName: nginx.length === 0 ? 'nginx: not installed' : 'PUT to nginx, not synced, then openssl dgst',
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
  const handPlace = { ...place, directory: mkdtempSync(join(root, 'nginx-')) };
  const runs: Runs = { ours: [], openssl: [], nginx: [] };
  const dist = await startDist(place);
  const nginx = await startNginxIfThere({ ...handPlace, state: join(root, `state-${tls}`) });
  try {
    for (let run = 0; run < RUNS; run++) {
      runs.ours.push(await upload(dist, place));
      runs.openssl.push(await measureOnce('openssl-verify', { file: stored.file, sha256: stored.sha256 }));
      if (nginx !== undefined) runs.nginx.push(await byHand(nginx, handPlace));
    }
    return rowsOf(runs, tls);
  } finally {
    await nginx?.stop();
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
