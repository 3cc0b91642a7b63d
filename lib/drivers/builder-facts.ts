import type { WekaContainerSpec, WekaContainerStatus } from '../api/weka-container';
import { conditionsOf, findCondition } from '../base/conditions';
import { isJsonObject } from '../base/json';
import type { KubeObject, LiveObject } from '../base/kube-object';
import type { BuiltPackage } from './build-result-text';
import { readBuilt } from './build-result-text';
import type { AgentFailure } from './agent-result';
import type { PackageKey } from './package';
import { wekaVersionOf } from './package';
import type { BuilderState } from './source';

const statusOf = (container: LiveObject | undefined): WekaContainerStatus => container?.status ?? {};

/** Why it is not Ready. */
const standing = (container: LiveObject): { readonly reason: string; readonly message: string } => {
  const ready = findCondition(conditionsOf(container), 'Ready');
  return ready === undefined || ready.status === 'True'
    ? { reason: 'Building', message: 'Its builder has just been made.' }
    : { reason: ready.reason, message: ready.message };
};

/** How the builder of a package stands, as its WekaContainer says it. */
export const builderState = (container: LiveObject | undefined, hindrance?: AgentFailure): BuilderState => {
  if (container === undefined) return hindrance === undefined ? { state: 'none' } : { state: 'none', hindrance };
  const built = builtBy(container);
  if (built !== undefined) return { state: 'built', sha256: built.sha256 };
  const stands = standing(container);
  if (statusOf(container).status === 'Error') return { state: 'failed', ...stands };
  return { state: stands.reason === 'BuildQueued' ? 'queued' : 'building', ...stands };
};

/** What a builder has built; `undefined`: nothing yet. */
export const builtBy = (container: LiveObject | undefined): BuiltPackage | undefined => {
  const { status, result } = statusOf(container);
  return status === 'Completed' ? readBuilt(result) : undefined;
};

/** What the payload of its instructions says. */
const targetOf = (payload: string | undefined): { kernel?: string; architecture?: string; timeout?: string } => {
  try {
    const value = JSON.parse(payload ?? '') as unknown;
    if (!isJsonObject(value)) return {};
    const { kernel, arch, buildTimeout } = value;
    return {
      ...(typeof kernel === 'string' ? { kernel } : {}),
      ...(typeof arch === 'string' ? { architecture: arch } : {}),
      ...(typeof buildTimeout === 'string' ? { timeout: buildTimeout } : {}),
    };
  } catch {
    return {}; // The builder itself refuses what it can't read, and says so.
  }
};

/** The WEKA version that a builder builds for. */
export const builderVersion = ({ builder, image }: WekaContainerSpec): string | undefined =>
  builder?.weka_version === undefined || builder.weka_version === '' ? wekaVersionOf(image) : builder.weka_version;

/** How long a builder may take, as its instructions write it. */
export const builderTimeout = ({ instructions }: WekaContainerSpec): string | undefined =>
  targetOf(instructions?.payload).timeout;

/**
 * What a builder builds: by its instructions, else for the kernel of the node that its Pod is on. `undefined`: it is not
 * known yet, or its image says no version.
 */
export const builderKey = (
  spec: WekaContainerSpec,
  node: { readonly kernel: string; readonly architecture: string } | undefined,
): PackageKey | undefined => {
  const wekaVersion = builderVersion(spec);
  const { kernel = node?.kernel ?? '', architecture = node?.architecture ?? '' } = targetOf(spec.instructions?.payload);
  if (wekaVersion === undefined || kernel === '' || architecture === '') return undefined;
  return { wekaVersion, kernel, architecture };
};

const isDist = ({ spec, metadata }: KubeObject): boolean =>
  spec?.['mode'] === 'drivers-dist' && metadata.deletionTimestamp === undefined;

/**
 * The distribution service that takes what a builder builds: the one it names, else the only one of its namespace.
 * `containers`: of that namespace.
 */
export const uploadTarget = <T extends KubeObject>(
  { uploadResultsTo = '' }: Pick<WekaContainerSpec, 'uploadResultsTo'>,
  namespace: string,
  containers: readonly T[],
): { readonly dist: T } | { readonly failure: AgentFailure } => {
  const dists = containers.filter(isDist);
  const missing = (cause: string): { readonly failure: AgentFailure } => ({
    failure: { code: 'UploadTargetMissing', parameters: { cause, namespace } },
  });
  if (uploadResultsTo !== '') {
    const dist = dists.find(({ metadata }) => metadata.name === uploadResultsTo);
    return dist === undefined
      ? missing(`there is no WekaContainer ${uploadResultsTo} with mode drivers-dist`)
      : { dist };
  }
  const [dist, second] = dists;
  if (dist === undefined) return missing('the namespace has none');
  if (second === undefined) return { dist };
  const names = dists.map(({ metadata }) => metadata.name).sort();
  return { failure: { code: 'UploadTargetAmbiguous', parameters: { names: names.join(', ') } } };
};
