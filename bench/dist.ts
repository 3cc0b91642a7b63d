/** The distribution service as a process. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Served } from './child';
import { serve } from './child';
import type { BenchPackage } from './package';

/** A server of packages, ours or another. */
export interface PackageServer extends Pick<Served, 'pid' | 'stop'> {
  readonly port: number;
}

export interface DistPlace {
  /** Of its packages. */
  readonly directory: string;
  readonly tls: boolean;
  /** What the operator wants it to have. */
  readonly stored: BenchPackage;
}

/** Starts a distribution service. */
export const startDist = async ({ directory, tls, stored }: DistPlace): Promise<PackageServer> => {
  const { id, wekaVersion, kernel, architecture } = stored;
  const server = await serve('dist-server', { directory, tls, wanted: { id, wekaVersion, kernel, architecture } });
  return { port: Number(server.hello), pid: server.pid, stop: () => server.stop() };
};

/** Gives `work` a directory that is there until it ends. */
export const inTemporaryDirectory = async <T>(work: (directory: string) => Promise<T>): Promise<T> => {
  const directory = mkdtempSync(join(tmpdir(), 'weka-operator-bench-'));
  try {
    return await work(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
};
