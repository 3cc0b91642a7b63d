/**
 * What is to be done for the packages of one distribution service, and what is written down of each. Pure. The same for the
 * service of a policy and for one that was made by hand.
 */
import type { DriverPackage } from '../api/driver-package';
import { rfc3339 } from '../base/conditions';
import type { BuiltPackage } from './build-result-text';
import type { DistObserved, HeldPackage, WantedPackage } from './agent-documents';
import type { PackageKey } from './package';
import { isSha256, packageId, packageKeyOf } from './package';
import type { RegistryAnswer } from './registry-answer';
import type { BuilderState, DriverSource, SourceDecision, SourceInput, Vouched } from './source';
import { decideSource, needsAnswer, SOURCE_REASON } from './source';

/** What holds for all packages of a service. */
export interface PackagesContext {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly mode: DriverSource;
  readonly offline: boolean;
  /** What the service has told; `undefined`: nothing since this operator leads. */
  readonly observed: DistObserved | undefined;
  /** What was written down before, by id. */
  readonly recorded: ReadonlyMap<string, DriverPackage>;
  /** What the package index says, by id. @default nothing */
  readonly indexed?: ReadonlyMap<string, Vouched>;
  /** What the registry says; asked only where the decision needs it. */
  readonly answer: (key: PackageKey) => RegistryAnswer | undefined;
}

/** One package that somebody wants. */
export interface PackageWish {
  readonly key: PackageKey;
  readonly builder: BuilderState;
  readonly built?: BuiltPackage;
}

/** One package, decided. */
export interface PlannedPackage {
  readonly id: string;
  readonly key: PackageKey;
  readonly decision: SourceDecision;
  /** For status. */
  readonly entry: DriverPackage;
  /** For the service. */
  readonly wanted: WantedPackage;
}

/** Recorded packages by id. */
export const recordedPackages = (packages: readonly DriverPackage[] | undefined): ReadonlyMap<string, DriverPackage> =>
  new Map((packages ?? []).map((entry) => [entry.id, entry]));

const vouchedIn = (entry: DriverPackage | undefined): Vouched | undefined =>
  entry !== undefined && isSha256(entry.sha256) && entry.source !== undefined
    ? { sha256: entry.sha256, source: entry.source }
    : undefined;

const sourceInput = ({ key, builder }: PackageWish, context: PackagesContext): Omit<SourceInput, 'answer'> => {
  const id = packageId(key);
  const before = context.recorded.get(id);
  return {
    key,
    builder,
    mode: context.mode,
    offline: context.offline,
    now: context.now,
    distTold: context.observed !== undefined,
    held: context.observed?.packages.find((held) => held.id === id),
    recorded: vouchedIn(before),
    indexed: context.indexed?.get(id),
    ...(before?.state === 'Waiting' && before.since !== undefined
      ? { mirrorFailsSince: Date.parse(before.since) }
      : {}),
  };
};

/** What is to be done for one package. */
export const planPackage = (wish: PackageWish, context: PackagesContext): PlannedPackage => {
  const { key } = wish;
  const id = packageId(key);
  const input = sourceInput(wish, context);
  const decision = decideSource({ ...input, answer: needsAnswer(input) ? context.answer(key) : undefined });
  const before = context.recorded.get(id);
  return {
    id,
    key,
    decision,
    entry: entryOf({ id, wish, decision, before, held: input.held }, context.now),
    wanted: wantedOf(id, key, decision),
  };
};

const wantedOf = (id: string, key: PackageKey, { step, vouched, url }: SourceDecision): WantedPackage => ({
  id,
  ...packageKeyOf(key),
  ...(vouched === undefined ? {} : { sha256: vouched.sha256 }),
  ...(step === 'mirror' && vouched !== undefined && url !== undefined
    ? { mirror: { url, sha256: vouched.sha256 } }
    : {}),
});

type State = NonNullable<DriverPackage['state']>;

const BUILD_STATE: Readonly<Record<BuilderState['state'], State>> = {
  none: 'Building',
  queued: 'Queued',
  building: 'Building',
  failed: 'Failed',
  built: 'Uploading',
};

const stateOf = ({ step, reason }: SourceDecision, builder: BuilderState): State => {
  switch (step) {
    case 'stored':
      return 'Stored';
    case 'mirror':
      return reason === SOURCE_REASON.mirroring ? 'Mirroring' : 'Waiting';
    case 'upload':
      return 'Uploading';
    case 'build':
      return BUILD_STATE[builder.state];
    case 'ask':
      return 'Asking';
    case 'wait':
      return 'Waiting';
    case 'unavailable':
      return 'Unavailable';
  }
};

interface EntryInput {
  readonly id: string;
  readonly wish: PackageWish;
  readonly decision: SourceDecision;
  readonly before: DriverPackage | undefined;
  readonly held: HeldPackage | undefined;
}

/** State, reason and message. A service that tries again after a failure has not got over it yet. */
const standing = ({
  wish,
  decision,
  before,
  held,
}: EntryInput): Pick<DriverPackage, 'state' | 'reason' | 'message'> => {
  if (decision.step === 'mirror' && held?.state === 'fetching' && before?.state === 'Waiting') {
    const { state, reason = decision.reason, message = decision.message } = before;
    return { state, reason, message };
  }
  const state = stateOf(decision, wish.builder);
  return { state, reason: decision.reason, ...(state === 'Stored' ? {} : { message: decision.message }) };
};

/** The properties whose value is there. */
const present = (values: Partial<Record<keyof DriverPackage, string | number | undefined>>): Partial<DriverPackage> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));

/** Digest, size and build time, as far as they are known. */
const bytesOf = ({ wish: { built }, decision, before, held }: EntryInput): Partial<DriverPackage> => {
  const vouched = decision.vouched ?? vouchedIn(before);
  if (vouched === undefined) return {};
  const size = held?.size ?? built?.size ?? before?.size;
  const seconds = built?.seconds ?? before?.buildSeconds;
  return present({ ...vouched, size, buildSeconds: vouched.source === 'built' ? seconds : undefined });
};

const entryOf = (input: EntryInput, now: number): DriverPackage => {
  const { id, wish, before } = input;
  const stands = standing(input);
  const since = before?.state === stands.state ? before?.since : undefined;
  return { id, ...packageKeyOf(wish.key), ...stands, ...bytesOf(input), since: since ?? rfc3339(now) };
};
