import type { DriverPackage } from '../api/driver-package';
import type { WekaContainerStatus } from '../api/weka-container-status';
import type { WekaPolicyStatus } from '../api/weka-policy';
import type { LiveObject } from '../base/kube-object';
import type { PackageKey } from './package';
import { isSha256, packageId } from './package';
import type { BuildView } from './package-site';

const controllerOf = ({ metadata }: LiveObject): string | undefined =>
  metadata.ownerReferences?.find(({ controller }) => controller === true)?.uid;

const isDist = ({ spec }: LiveObject): boolean => spec?.['mode'] === 'drivers-dist';

const vouchedBy = ({ sha256, size, source }: DriverPackage): Pick<BuildView, 'vouched'> =>
  isSha256(sha256) && size !== undefined && source !== undefined ? { vouched: { sha256, size, source } } : {};

const view = (entry: DriverPackage, dist: LiveObject): BuildView[] => {
  const { wekaVersion, kernel, architecture, state } = entry;
  if (wekaVersion === undefined || kernel === undefined || architecture === undefined) return [];
  const key: PackageKey = { wekaVersion, kernel, architecture };
  return [
    {
      ...key,
      id: packageId(key),
      dist: dist.metadata.uid,
      reason: entry.reason ?? state ?? 'Building',
      message: entry.message ?? 'It is on its way.',
      ...vouchedBy(entry),
    },
  ];
};

/**
 * Who provides which package, as the controllers of policies and of services made by hand have written it down: how it stands,
 * and whose word its digest is.
 */
export const buildViews = (
  policies: readonly LiveObject[],
  containers: readonly LiveObject[],
): readonly BuildView[] => {
  const dists = containers.filter(isDist);
  const ofPolicies = policies.flatMap(({ metadata, status }) => {
    const dist = dists.find((container) => controllerOf(container) === metadata.uid);
    const { typedStatus } = (status ?? {}) as WekaPolicyStatus;
    const packages = typedStatus?.distService?.packages ?? [];
    return dist === undefined ? [] : packages.flatMap((entry) => view(entry, dist));
  });
  const byHand = dists.flatMap(
    (dist) => ((dist.status ?? {}) as WekaContainerStatus).packages?.flatMap((entry) => view(entry, dist)) ?? [],
  );
  return [...ofPolicies, ...byHand];
};
