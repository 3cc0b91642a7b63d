import * as prom from 'prom-client';

/** What the service counts, for Prometheus. */
export interface DistMetrics {
  /** A GET of a package ended: `complete`, `partial` (a range), `aborted` by the client, `cut` by us: the file changed. */
  readonly downloads: prom.Counter<'outcome'>;
  readonly sentBytes: prom.Counter;
  readonly uploads: prom.Counter<'outcome'>;
  readonly refusedUploads: prom.Counter<'reason'>;
  readonly receivedBytes: prom.Counter;
  readonly fetches: prom.Counter<'outcome'>;
  readonly quarantines: prom.Counter;
  readonly registry: prom.Registry;
}

/** What can be read at any time. */
export interface DistGauges {
  readonly packages: () => number;
  readonly usedBytes: () => number;
  readonly freeBytes: () => Promise<number>;
  readonly quarantined: () => number;
}

/** A registry of its own; `gauges` are asked at each reading. */
export const createDistMetrics = (gauges: DistGauges): DistMetrics => {
  const registry = new prom.Registry();
  const registers = [registry];
  const counter = <Label extends string>(name: string, help: string, labelNames: Label[] = []): prom.Counter<Label> =>
    new prom.Counter({ name: `weka_drivers_dist_${name}`, help, labelNames, registers });
  const gauge = (name: string, help: string, read: () => number | Promise<number>): void => {
    const options = { name: `weka_drivers_dist_${name}`, help, registers };
    new prom.Gauge({
      ...options,
      async collect() {
        this.set(await read());
      },
    });
  };
  prom.collectDefaultMetrics({ register: registry });
  gauge('packages', 'Packages that are stored and verified.', gauges.packages);
  gauge('quarantined_packages', 'Packages whose bytes changed and that were not repaired yet.', gauges.quarantined);
  gauge('used_bytes', 'Bytes of stored packages.', gauges.usedBytes);
  gauge('free_bytes', 'Bytes that one more package may have.', gauges.freeBytes);
  return {
    downloads: counter('downloads_total', 'Downloads of packages, by how they ended.', ['outcome']),
    sentBytes: counter('sent_bytes_total', 'Bytes of packages that were sent.'),
    uploads: counter('uploads_total', 'Uploads that were permitted, by how they ended.', ['outcome']),
    refusedUploads: counter('refused_uploads_total', 'Uploads that were refused, by code of the error.', ['reason']),
    receivedBytes: counter('received_bytes_total', 'Bytes of packages that were uploaded.'),
    fetches: counter('fetches_total', 'Tries to mirror a package, by how they ended.', ['outcome']),
    quarantines: counter('quarantines_total', 'Packages whose bytes changed on the disk.'),
    registry,
  };
};
