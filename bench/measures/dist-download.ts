import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { PackageFiles } from '../../agents/drivers-dist/package-files';
import { packagePath } from '../../lib/drivers/package';
import type { Figures } from '../child';
import { measureOnce } from '../child';
import type { DistPlace, PackageServer } from '../dist';
import { inTemporaryDirectory, startDist } from '../dist';
import type { Measure } from '../measure';
import { startNginxIfThere } from '../nginx';
import { writePackage } from '../package';
import { cpuMsOf, peakMbOf } from '../process';
import type { Row, RowInput } from '../row';
import { median, row } from '../row';

const MEGABYTES = 20;
const RUNS = 5;
/** Downloads of a run, by connections. */
const DOWNLOADS = { 1: 40, 32: 96 } as const;
type Connections = keyof typeof DOWNLOADS;
/** Bytes that the service may hold with 32 loaders. */
const MEMORY_MB = 200;

interface Place extends DistPlace {
  /** For files of nginx. */
  readonly state: string;
}

/** One run against a server; its CPU time counts from the first connection. */
const download = async (side: PackageServer, { stored, tls }: Place, connections: Connections): Promise<Figures> => {
  const shared = { port: side.port, path: packagePath(stored.id), tls, connections, size: stored.size };
  const before = cpuMsOf(side.pid);
  const figures = await measureOnce('download', { ...shared, downloads: DOWNLOADS[connections] });
  const cpu = (cpuMsOf(side.pid) - before) / ((figures['megabytes'] ?? NaN) / 1000);
  return { ...figures, cpu, peak: peakMbOf(side.pid) };
};

/** Of our runs and the peer's. */
type Pair = Pick<RowInput, 'ours' | 'peer' | 'peerName'>;

const inTurns = async (
  [ours, peer]: readonly [PackageServer, PackageServer | undefined],
  place: Place,
  connections: Connections,
): Promise<(key: string) => Required<Pair>> => {
  const [own, others]: [Figures[], Figures[]] = [[], []];
  for (let run = 0; run < RUNS; run++) {
    own.push(await download(ours, place, connections));
    if (peer !== undefined) others.push(await download(peer, place, connections));
  }
  const middle = (runs: readonly Figures[], key: string): number | null => {
    const value = median(runs.map((figures) => figures[key] ?? NaN));
    return Number.isFinite(value) ? value : null;
  };
  const peerName = peer === undefined ? 'nginx: not installed' : 'nginx, one worker';
  return (key) => ({ ours: middle(own, key), peer: middle(others, key), peerName });
};

const rowsOf = (values: (key: string) => Required<Pair>, tls: boolean, connections: Connections): readonly Row[] => {
  const id = `dist/download/${tls ? 'tls' : 'clear'}/${connections}`;
  const over = `${connections} connection${connections === 1 ? '' : 's'} ${tls ? 'over TLS' : 'in clear'}`;
  const measure = `dist: downloads of ${MEGABYTES} MB, ${over}`;
  const memory = { unit: 'MB', better: 'less', target: { atMost: MEMORY_MB } } as const;
  return [
    row({
      ...{ ...values('rate'), id: `${id}/rate`, measure, unit: 'MB/s', better: 'more' },
      target: { ratioAtLeast: 1 },
    }),
    row({
      ...values('cpu'),
      ...{ id: `${id}/cpu`, measure: `${measure}: CPU of the server`, unit: 'ms/GB', better: 'less' },
    }),
    ...(connections === 1
      ? []
      : [row({ ...values('peak'), ...memory, id: `${id}/memory`, measure: `${measure}: peak of the server` })]),
  ];
};

const measured = async (place: Place): Promise<readonly Row[]> => {
  const ours = await startDist(place);
  try {
    const peer = await startNginxIfThere(place);
    const rows: Row[] = [];
    for (const connections of [1, 32] as const)
      rows.push(...rowsOf(await inTurns([ours, peer], place, connections), place.tls, connections));
    await peer?.stop();
    return rows;
  } finally {
    await ours.stop();
  }
};

export const distDownload: Measure = {
  id: 'dist/download',
  run: () =>
    inTemporaryDirectory(async (root) => {
      const [directory, state] = [join(root, 'packages'), join(root, 'nginx')];
      mkdirSync(directory);
      const stored = await writePackage(directory, MEGABYTES * 1e6);
      await new PackageFiles(directory).writeRecord(stored.id, stored);
      const place = { directory, state, stored };
      return [...(await measured({ ...place, tls: false })), ...(await measured({ ...place, tls: true }))];
    }),
};
