import type { DriverPackage } from '../lib/api/driver-package';
import type { WekaContainerStatus } from '../lib/api/weka-container';
import type { WekaPolicyStatus } from '../lib/api/weka-policy';
import type { LiveObject } from '../lib/base/kube-object';
import { packageId } from '../lib/drivers/package';
import type { BuildView } from '../lib/drivers/package-site';

/**
 * What policies and distribution services that were made by hand say of their packages, in their status: who built what,
 * with which digest, or why it is not there yet. Written down, so it holds over a restart.
 */
export const buildViews = (policies: readonly LiveObject[], containers: readonly LiveObject[]): BuildView[] => {
  const dists = containers.filter(({ spec }) => spec?.['mode'] === 'drivers-dist');
  const ofPolicy = new Map(dists.flatMap((dist) => ownerUIDs(dist).map((uid) => [uid, dist.metadata.uid] as const)));
  return [
    ...policies.flatMap((policy) => {
      const dist = ofPolicy.get(policy.metadata.uid);
      const { distService } = (policy.status as WekaPolicyStatus | undefined)?.typedStatus ?? {};
      return dist === undefined ? [] : viewsOf(distService?.packages, dist);
    }),
    ...dists.flatMap((dist) => viewsOf((dist.status as WekaContainerStatus | undefined)?.packages, dist.metadata.uid)),
  ];
};

const ownerUIDs = ({ metadata }: LiveObject): string[] => (metadata.ownerReferences ?? []).map(({ uid }) => uid);

const viewsOf = (packages: readonly DriverPackage[] | undefined, dist: string): BuildView[] =>
  (packages ?? []).flatMap((entry): BuildView[] => {
    const { wekaVersion, kernel, architecture, sha256, size, source } = entry;
    if (wekaVersion === undefined || kernel === undefined || architecture === undefined) return [];
    const key = { wekaVersion, kernel, architecture };
    const known = sha256 !== undefined && size !== undefined && source !== undefined;
    return [
      {
        ...key,
        id: packageId(key),
        dist,
        reason: entry.reason ?? entry.state ?? 'Unknown',
        message: entry.message ?? '',
        ...(known ? { vouched: { sha256, size, source } } : {}),
      },
    ];
  });
