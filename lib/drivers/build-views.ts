import type { DriverPackage } from '../api/driver-package';
import type { WekaContainerStatus } from '../api/weka-container-status';
import type { WekaPolicyStatus } from '../api/weka-policy';
import type { LiveObject } from '../base/kube-object';
import type { PackageKey } from './package';
import { isSha256, packageId } from './package';
import type { BuildView } from './package-site';
import { SOURCE_REASON } from './source';

const controllerOf = ({ metadata }: LiveObject): string | undefined =>
  metadata.ownerReferences?.find(({ controller }) => controller === true)?.uid;

const isDist = ({ spec }: LiveObject): boolean => spec?.['mode'] === 'drivers-dist';

const vouchedBy = ({ sha256, size, source }: DriverPackage): Pick<BuildView, 'vouched'> =>
  isSha256(sha256) && size !== undefined && source !== undefined ? { vouched: { sha256, size, source } } : {};

/** Steps of a build that goes well are one to a node: the records of all nodes that wait for it are not written for each. */
const GOES_WELL: ReadonlySet<string> = new Set([
  SOURCE_REASON.wanted,
  SOURCE_REASON.uploading,
  'BuildQueued',
  'PodStarting',
  'Building',
]);

const standing = ({ reason, message }: DriverPackage): Pick<BuildView, 'reason' | 'message'> =>
  reason === undefined || GOES_WELL.has(reason)
    ? { reason: 'Building', message: 'Its build is queued or runs; the status of its WekaPolicy says how far it is.' }
    : { reason, message: message ?? 'It is on its way.' };

const view = (entry: DriverPackage, dist: string): BuildView[] => {
  const { wekaVersion, kernel, architecture } = entry;
  if (wekaVersion === undefined || kernel === undefined || architecture === undefined) return [];
  const key: PackageKey = { wekaVersion, kernel, architecture };
  return [
    {
      ...key,
      id: packageId(key),
      dist,
      ...standing(entry),
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
    // A service that is being made again takes nothing back of what was vouched for.
    return packages.flatMap((entry) => view(entry, dist?.metadata.uid ?? ''));
  });
  const byHand = dists.flatMap(
    (dist) =>
      ((dist.status ?? {}) as WekaContainerStatus).packages?.flatMap((entry) => view(entry, dist.metadata.uid)) ?? [],
  );
  return [...ofPolicies, ...byHand];
};
