import { readFileSync } from 'node:fs';
import { exportBundle, importBundle } from '../../agents/drivers-dist/bundle-files';
import { download } from '../../agents/shared/download';
import { createHttpClient } from '../../agents/shared/http-client';
import { TYPES } from '../../controllers/kinds';
import { OperatorError } from '../../lib/base/errors';
import { LABEL } from '../../lib/base/names';
import { packageId } from '../../lib/drivers/package';
import type { IndexEntry } from '../../lib/drivers/package-index';
import { readIndex } from '../../lib/drivers/package-index';
import { packageUrl } from '../../lib/drivers/package-site';
import type { ExitCode } from '../exit';
import { EXIT } from '../exit';
import { withProgress } from '../progress';
import type { Terminal } from '../terminal';
import type { ClusterOptions } from './drivers';
import { listAll, withCluster } from './drivers';

export interface BundleExportOptions extends ClusterOptions {
  /** The bundle to write. */
  readonly output: string;
  /** `https://host:port` of a distribution service that can be reached from here. */
  readonly from: string;
  /** PEM of the certificates that it is trusted by. */
  readonly caFile?: string;
  /** WEKA versions; none: all. */
  readonly version?: readonly string[];
  readonly operatorNamespace: string;
}

const read = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new OperatorError('FileUnreadable', { file, cause: (cause as Error).message }, { cause });
  }
};

const indexed = async (options: BundleExportOptions): Promise<readonly IndexEntry[]> => {
  const where = { namespace: options.operatorNamespace, labelSelector: LABEL.driversIndex };
  const shards = await withCluster(options, (client) => listAll(client, TYPES.configMap, where));
  const index = readIndex(shards.map((shard) => (shard['data'] as Record<string, string> | undefined) ?? {}));
  const { version } = options;
  return [...index.values()].filter(({ wekaVersion }) => version?.includes(wekaVersion) ?? true);
};

/** Writes what the package index names, fetched from a distribution service and verified, into one file. */
export const runBundleExport = async (options: BundleExportOptions, terminal: Terminal): Promise<ExitCode> => {
  const client = createHttpClient(options.caFile === undefined ? {} : { ca: read(options.caFile) });
  try {
    const entries = await indexed(options);
    if (entries.length === 0) {
      terminal.err('The package index names nothing that was asked for; no bundle was written.\n');
      return EXIT.findings;
    }
    await withProgress(terminal, 'Fetching', (report) =>
      exportBundle(options.output, entries, (entry, sink) => {
        report(packageId(entry));
        const url = packageUrl(options.from.replace(/\/+$/, ''), entry);
        return download({ url, sha256: entry.sha256, limitBytes: entry.size }, sink, { client });
      }),
    );
    terminal.out(
      `${options.output}: ${entries.length} packages\n${entries.map((entry) => `  ${packageId(entry)}\n`).join('')}`,
    );
    return EXIT.fine;
  } finally {
    await client.close();
  }
};

export interface BundleImportOptions {
  /** Directory of a distribution service. */
  readonly into: string;
}

/** Puts the packages of a bundle where a distribution service keeps its own. */
export const runBundleImport = async (
  file: string,
  { into }: BundleImportOptions,
  terminal: Terminal,
): Promise<ExitCode> => {
  const imported = await importBundle(file, into);
  terminal.out(imported.map(({ id, outcome }) => `${outcome.padEnd(7)}  ${id}\n`).join(''));
  return EXIT.fine;
};
