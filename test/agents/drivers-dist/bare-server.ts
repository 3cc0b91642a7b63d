import type { ServingCertificate } from '../../../agents/drivers-dist/http-server';
import { HttpServer } from '../../../agents/drivers-dist/http-server';
import { Intake } from '../../../agents/drivers-dist/intake';
import { createDistMetrics } from '../../../agents/drivers-dist/metrics';
import { PackageStore, prepareDirectory } from '../../../agents/drivers-dist/package-store';
import { silentLog } from '../../../agents/shared/log';
import type { DistDesired } from '../../../lib/drivers/agent-documents';

export interface BareServerOptions {
  readonly directory: string;
  readonly desired: DistDesired;
  /** Absent: clear HTTP. */
  readonly certificate?: ServingCertificate;
  readonly cacheBytes?: number;
}

/** Storage and HTTP of the service on a free port of loopback, without operator and mirror; perhaps without TLS. */
export const startBareServer = async (options: BareServerOptions): Promise<number> => {
  const { directory, desired, certificate, cacheBytes } = options;
  await prepareDirectory(directory);
  const store = new PackageStore({
    directory,
    log: silentLog,
    onChange: () => undefined,
    ...(cacheBytes === undefined ? {} : { cacheBytes }),
  });
  const wanted = (id: string): DistDesired['packages'][number] | undefined =>
    desired.packages.find((each) => each.id === id);
  const intake = new Intake({ store, wanted, makeRoom: () => Promise.resolve() });
  const uploads = { intake, desired: () => desired, now: () => Date.now() };
  const metrics = createDistMetrics({
    packages: () => store.holdings().length,
    quarantined: () => store.quarantined().length,
    usedBytes: () => 0,
    freeBytes: () => store.space.available(),
  });
  await store.scan;
  const served = { store, uploads, metrics, log: silentLog, notReady: () => undefined };
  return new HttpServer(served, certificate).listen(0, '127.0.0.1');
};
