/**
 * All packages of a driver distribution policy: those that are demanded, those that its nodes may need again, and those that
 * nobody needs any more. Pure: what was written down in the status of the policy is part of the input.
 */
import type { DriverPackage } from '../api/driver-package';
import { rfc3339 } from '../base/conditions';
import type { LiveObject } from '../base/kube-object';
import type { WantedPackage } from './agent-documents';
import type { AgentFailure } from './agent-result';
import { builderState, builtBy } from './builder-facts';
import type { BuildDemand } from './demand';
import { headersMissing } from './headers-missing';
import type { PackageKey } from './package';
import { packageId, packageKeyString } from './package';
import type { PackagesContext, PlannedPackage } from './package-plan';
import { planPackage } from './package-plan';
import { asksRegistry } from './source';

/** What nobody needs stays this long: whoever rolls back finds it. Milliseconds. */
export const UNUSED_GRACE_MS = 24 * 3_600_000;

export interface PolicyPackagesInput extends PackagesContext {
  readonly demands: readonly BuildDemand[];
  /** WekaContainers of builders that live, by slot. */
  readonly builders: ReadonlyMap<string, LiveObject>;
  /** WEKA versions that somebody runs or wants, whatever their kernels. */
  readonly versionsInUse: ReadonlySet<string>;
  /** Operating system of a node, as its kubelet tells it. */
  readonly osImageOf: (node: string) => string;
}

/** A package that is demanded, with its demand. */
export interface DemandedPackage extends PlannedPackage {
  readonly demand: BuildDemand;
}

export interface PolicyPackages {
  readonly demanded: readonly DemandedPackage[];
  /** For status, by id. */
  readonly entries: readonly DriverPackage[];
  /** For the distribution service. */
  readonly holdings: readonly WantedPackage[];
  /** Demands whose builder shall be there. */
  readonly builds: readonly BuildDemand[];
  /** Slots of builders that nobody has needed for long. */
  readonly expired: ReadonlySet<string>;
  /** Milliseconds until the next one expires. */
  readonly lookAgainMs?: number;
}

const hindranceOf = (
  { kernel, placement }: BuildDemand,
  osImageOf: PolicyPackagesInput['osImageOf'],
): AgentFailure | undefined =>
  placement.kind === 'nowhere' ? headersMissing(kernel, placement.lacking, osImageOf) : undefined;

const planDemand = (demand: BuildDemand, input: PolicyPackagesInput): DemandedPackage => {
  const builder = input.builders.get(packageKeyString(demand));
  const built = builtBy(builder);
  const wish = {
    key: demand,
    builder: builderState(builder, hindranceOf(demand, input.osImageOf)),
    ...(built === undefined ? {} : { built }),
  };
  return { ...planPackage(wish, input), demand };
};

/** A kernel that is not booted anywhere, without headers anywhere: it may be mirrored, but nobody misses it yet. */
const isIdle = ({ nodes, placement }: BuildDemand): boolean => nodes.length === 0 && placement.kind === 'nowhere';

/** What is decided for all packages. */
export const policyPackages = (input: PolicyPackagesInput): PolicyPackages => {
  const demanded = input.demands
    .filter((demand) => !isIdle(demand) || asksRegistry(input))
    .map((demand) => planDemand(demand, input))
    .filter(({ demand, decision }) => !(isIdle(demand) && decision.step === 'unavailable'));
  const leftovers = leftoversOf(input, new Set(demanded.map(({ id }) => id)));
  const waits = leftovers.flatMap(({ waitMs }) => waitMs ?? []);
  const kept = leftovers.flatMap(({ entry }) => entry ?? []);
  return {
    demanded,
    entries: [...demanded.map(({ entry }) => entry), ...kept].sort((a, b) => (a.id < b.id ? -1 : 1)),
    holdings: [...demanded.map(({ wanted }) => wanted), ...leftovers.flatMap(({ wanted }) => wanted ?? [])],
    builds: demanded.filter((each) => needsBuilder(each, input)).map(({ demand }) => demand),
    expired: new Set(leftovers.flatMap(({ entry, slot }) => (entry === undefined ? [slot] : []))),
    ...(waits.length === 0 ? {} : { lookAgainMs: Math.min(...waits) }),
  };
};

/** A builder that lives is kept as it is wanted, as long as what it built is what is served. */
const needsBuilder = ({ demand, decision }: DemandedPackage, { builders }: PolicyPackagesInput): boolean => {
  if (demand.placement.kind === 'nowhere') return false;
  if (decision.step === 'build' || decision.step === 'upload') return true;
  return decision.vouched?.source === 'built' && builders.has(packageKeyString(demand));
};

/** A package that is not demanded now. */
interface Leftover {
  readonly slot: string;
  /** Absent: its time is over. */
  readonly entry?: DriverPackage;
  readonly wanted?: WantedPackage;
  /** Milliseconds until its time is over. */
  readonly waitMs?: number;
}

const leftoversOf = (input: PolicyPackagesInput, demanded: ReadonlySet<string>): readonly Leftover[] => {
  const keys = new Map<string, PackageKey>();
  for (const { wekaVersion, kernel, architecture } of input.recorded.values())
    if (wekaVersion !== undefined && kernel !== undefined && architecture !== undefined)
      keys.set(packageId({ wekaVersion, kernel, architecture }), { wekaVersion, kernel, architecture });
  for (const [slot, { metadata }] of input.builders) {
    // One that is going is over: counted anew, it would be unused for another day.
    if (metadata.deletionTimestamp !== undefined) continue;
    const [wekaVersion = '', kernel = '', architecture = ''] = slot.split(' ');
    keys.set(packageId({ wekaVersion, kernel, architecture }), { wekaVersion, kernel, architecture });
  }
  return [...keys]
    .filter(([id]) => !demanded.has(id))
    .flatMap(([id, key]) =>
      input.versionsInUse.has(key.wekaVersion) ? mayReturn(key, input) : unused(id, key, input),
    );
};

/** The version is in use: a node may boot that kernel again. What is stored stays, and nothing is built for it. */
const mayReturn = (key: PackageKey, input: PolicyPackagesInput): Leftover[] => {
  const slot = packageKeyString(key);
  const builder = input.builders.get(slot);
  const built = builtBy(builder);
  const wish = { key, builder: builderState(builder), ...(built === undefined ? {} : { built }) };
  const { decision, entry, wanted } = planPackage(wish, { ...input, answer: () => undefined });
  return decision.step === 'stored' ? [{ slot, entry, wanted }] : [];
};

const unused = (id: string, key: PackageKey, { recorded, now }: PolicyPackagesInput): Leftover[] => {
  const slot = packageKeyString(key);
  const before = recorded.get(id);
  const since = before?.unusedSince ?? rfc3339(now);
  const waitMs = Date.parse(since) + UNUSED_GRACE_MS - now;
  if (waitMs <= 0) return [{ slot }];
  const entry: DriverPackage = {
    ...before,
    id,
    ...key,
    state: 'Unused',
    reason: 'Unused',
    message: 'Nobody needs this WEKA version any more; it is removed after a day.',
    since: before?.state === 'Unused' ? (before.since ?? since) : rfc3339(now),
    unusedSince: since,
  };
  const { sha256 } = before ?? {};
  return [{ slot, entry, wanted: { id, ...key, ...(sha256 === undefined ? {} : { sha256 }) }, waitMs }];
};
