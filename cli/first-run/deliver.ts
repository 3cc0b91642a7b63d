import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Orders } from '../../agents/drivers-builder/orders';
import { uploadPackage } from '../../agents/drivers-builder/upload';
import { DistService } from '../../agents/drivers-dist/service';
import { ServingIdentity } from '../../agents/drivers-dist/serving-identity';
import { fetchPackage } from '../../agents/drivers-loader/fetch-package';
import type { OpenedPackage } from '../../agents/drivers-loader/open-package';
import { openPackage } from '../../agents/drivers-loader/open-package';
import { PackageCache } from '../../agents/drivers-loader/package-cache';
import type { KeyedCertificate } from '../../controllers/certificates/x509';
import { issueCertificate, keyOfRequest, makeAuthority } from '../../controllers/certificates/x509';
import type { DistDesired } from '../../lib/drivers/agent-documents';
import type { PackageKey } from '../../lib/drivers/package';
import { packageId } from '../../lib/drivers/package';
import type { IndexEntry } from '../../lib/drivers/package-index';
import { issuePermit } from '../../lib/drivers/permit';
import type { RealPackage } from '../../sim/drivers/package-file';
import { inTemporaryDirectory, never, silent } from './surroundings';

const HERE = '127.0.0.1';
const HOUR = 3_600_000;

/**
 * Takes a package the way that each one goes: from a builder to a distribution service on the loopback address, and from
 * there to a loader that verifies it. The result is what the loader found. Throws what they throw; leaves nothing behind.
 */
export const deliver = (key: PackageKey, archive: Buffer): Promise<RealPackage> =>
  inTemporaryDirectory(async (directory) => {
    const sha256 = createHash('sha256').update(archive).digest('hex');
    const entry: IndexEntry = { ...key, sha256, size: archive.length, source: 'built' };
    const authority = makeAuthority(validNow());
    const caFile = join(directory, 'ca.pem');
    writeFileSync(caFile, authority.certificate);
    const dist = await startDist(directory, key, authority);
    try {
      const url = `https://${HERE}:${dist.port}`;
      await upload({ key, archive, sha256 }, { url, caFile });
      return found(entry, await load(entry, { url, caFile, directory }));
    } finally {
      await dist.stop(0);
    }
  });

const validNow = () => ({ notBefore: Date.now() - HOUR, notAfter: Date.now() + HOUR });

/** Of this run alone: the service is gone before anybody could use it. */
const PERMIT_KEY = 'first run';

/** A service that wants one package. This process is its operator: it signs its certificate and tells it what to hold. */
const startDist = async (directory: string, key: PackageKey, authority: KeyedCertificate) => {
  const packages = [{ ...key, id: packageId(key) }];
  let desire: (desired: DistDesired) => void = () => undefined;
  let asked = (_request: string): void => undefined;
  const request = new Promise<string>((resolve) => (asked = resolve));
  const service = await DistService.start({
    directory: join(directory, 'packages'),
    identity: await ServingIdentity.open(join(directory, 'identity')),
    port: 0,
    host: HERE,
    log: silent,
    connect: (told) => {
      desire = told;
      return { report: ({ certificateRequest }) => asked(certificateRequest), stop: () => Promise.resolve() };
    },
  });
  const publicKey = keyOfRequest(await request);
  if (publicKey === undefined) throw new Error('the service asked for no certificate');
  const certificate = issueCertificate(authority, { publicKey, names: [HERE], ...validNow() });
  desire({ packages, permitKeys: [PERMIT_KEY], certificate });
  while (service.notReady() !== undefined) await new Promise((resolve) => setTimeout(resolve, 10));
  return service;
};

/** Where the service is, and whom to believe that it is it. */
interface Way {
  readonly url: string;
  readonly caFile: string;
}

const upload = async (
  { key, archive, sha256 }: { readonly key: PackageKey; readonly archive: Buffer; readonly sha256: string },
  { url, caFile }: Way,
): Promise<void> => {
  const [id, orders] = [packageId(key), new Orders()];
  const permit = issuePermit(PERMIT_KEY, { packageId: id, podUID: 'first-run', expires: Date.now() / 1000 + 600 });
  orders.take({ ...key, id, distUrl: url, permit });
  await uploadPackage({ archive, sha256, compiler: '' }, { orders, caFile, log: silent, stop: never });
};

const load = async (entry: IndexEntry, { url, caFile, directory }: Way & { readonly directory: string }) => {
  const cache = new PackageCache(join(directory, 'cache'));
  await cache.create();
  await cache.prepare();
  const unused = { indexDirectory: '', stateDirectory: '', sysDirectory: '', terminationLog: '' };
  const settings = {
    ...{ ...unused, wekaVersion: entry.wekaVersion, distUrl: url, caFile, nodeName: 'here' },
    ...{ cacheDirectory: cache.directory, jitterSeconds: 0 },
  };
  await fetchPackage(entry, cache, settings, { signal: never });
  return cache.withExtracted(entry.size, (extracted) => openPackage(cache.pathOf(entry), entry, extracted));
};

const found = ({ sha256, size }: IndexEntry, { manifest }: OpenedPackage): RealPackage => ({
  sha256,
  size,
  compiler: manifest.toolchain.compiler,
  modules: manifest.modules.map(({ name, srcversion }) => ({ name, srcversion })),
});
