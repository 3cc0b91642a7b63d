import type { DRIVER_SOURCES } from '../api/driver-dist-payload';
import type { HeldPackage } from './agent-documents';
import type { AgentFailure } from './agent-result';
import { failureText } from './failure-text';
import type { IndexEntry } from './package-index';
import type { PackageKey } from './package';
import type { RegistryAnswer } from './registry-answer';

/** Where packages may come from, as a policy says it. */
export type DriverSource = (typeof DRIVER_SOURCES)[number];

/** How long a registry may leave a question open before the package is built here instead. */
export const REGISTRY_DEADLINE_MS = 15 * 60_000;

/** How the builder of a package stands. */
export type BuilderState =
  /** None was made. `hindrance`: why none can be. */
  | { readonly state: 'none'; readonly hindrance?: AgentFailure }
  | { readonly state: 'queued' | 'building' | 'failed'; readonly reason: string; readonly message: string }
  | { readonly state: 'built'; readonly sha256: string };

/** Bytes and whose word it is that they are the right ones. */
export type Vouched = Pick<IndexEntry, 'sha256' | 'source'>;

/** All that the source of one package depends on. */
export interface SourceInput {
  readonly key: PackageKey;
  readonly mode: DriverSource;
  /** Nothing outside of the cluster is asked, whatever the mode says. */
  readonly offline: boolean;
  /** `undefined`: it was not asked. */
  readonly answer: RegistryAnswer | undefined;
  /** Whether the distribution service has told what it holds since this operator leads. */
  readonly distTold: boolean;
  /** How it holds the package. */
  readonly held: HeldPackage | undefined;
  /** What was once found to be right and is written down. */
  readonly recorded: Vouched | undefined;
  /** What was found to be right by another owner of the same storage. @default nothing */
  readonly indexed?: Vouched | undefined;
  readonly builder: BuilderState;
  /** Since when mirroring has failed without interruption, milliseconds since the epoch. */
  readonly mirrorFailsSince?: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** @default REGISTRY_DEADLINE_MS */
  readonly deadlineMs?: number;
}

/** What is to be done for one package. `reason` is a code of the errors table or one of SOURCE_REASON. */
export interface SourceDecision {
  readonly step: 'stored' | 'mirror' | 'upload' | 'build' | 'ask' | 'wait' | 'unavailable';
  readonly reason: string;
  /** A sentence; deterministic. */
  readonly message: string;
  /** Of `stored`, `mirror` and `upload`: the bytes that are right. */
  readonly vouched?: Vouched;
  /** Of `mirror`: where they are fetched. */
  readonly url?: string;
}

/** Reasons that are no error codes. */
export const SOURCE_REASON = {
  stored: 'Stored',
  mirroring: 'Mirroring',
  uploading: 'Uploading',
  asking: 'AskingRegistry',
  unheard: 'AskingService',
  wanted: 'BuildWanted',
} as const;

/** Whether the registry is asked at all under a mode. */
export const asksRegistry = ({ mode, offline }: Pick<SourceInput, 'mode' | 'offline'>): boolean =>
  mode !== 'Local' && !offline;

/** Whether the decision needs the word of the registry. Where it does not, the registry must not hear of the package. */
export const needsAnswer = (input: Omit<SourceInput, 'answer'>): boolean => {
  if (!asksRegistry(input)) return false;
  if (input.mode === 'RegistryThenLocal' && input.builder.state !== 'none') return false;
  const known = { ...input, answer: undefined };
  return stored(known) === undefined && unheard(known) === undefined;
};

/** Where a package comes from and what is to be done next. Pure. */
export const decideSource = (input: SourceInput): SourceDecision =>
  stored(input) ?? unheard(input) ?? fromRegistry(input) ?? fromBuilder(input);

/** Whose word counts: the builder's, which the kubelet hands on; then what is written down; then the registry's. */
const vouchedFor = ({ builder, recorded, indexed, answer }: SourceInput): Vouched | undefined => {
  if (builder.state === 'built') return { sha256: builder.sha256, source: 'built' };
  if (recorded !== undefined) return recorded;
  if (indexed !== undefined) return indexed;
  return answer?.state === 'found' ? { sha256: answer.sha256, source: 'registry' } : undefined;
};

const stored = (input: SourceInput): SourceDecision | undefined => {
  const vouched = vouchedFor(input) ?? pinned(input);
  if (vouched === undefined) return undefined;
  const holds = input.held?.state === 'stored' && input.held.sha256 === vouched.sha256;
  // Before the service has told this leader anything, what is written down holds: nothing is built on a guess.
  const unheard = !input.distTold && input.recorded?.sha256 === vouched.sha256;
  return holds || unheard
    ? { step: 'stored', reason: SOURCE_REASON.stored, message: 'It is stored and served.', vouched }
    : undefined;
};

/** The service may have it from before: nothing is built until it has told. */
const unheard = ({ distTold, indexed, recorded, builder }: SourceInput): SourceDecision | undefined =>
  distTold || indexed === undefined || recorded !== undefined || builder.state !== 'none'
    ? undefined
    : {
        step: 'ask',
        reason: SOURCE_REASON.unheard,
        message: 'The distribution service has not told yet whether it has it.',
      };

/** Bytes that lie there already (imported from a bundle) count where nobody else could ever vouch for any. */
const pinned = (input: SourceInput): Vouched | undefined => {
  const { held, builder } = input;
  const alone = !asksRegistry(input) && builder.state === 'none' && hindranceOf(input) !== undefined;
  return alone && held?.state === 'stored' && held.sha256 !== undefined
    ? { sha256: held.sha256, source: 'pinned' }
    : undefined;
};

const fromRegistry = (input: SourceInput): SourceDecision | undefined => {
  const { mode, builder, answer } = input;
  if (!asksRegistry(input)) return undefined;
  // What is built here stays built here: another source would mean other bytes, and a reload of every node.
  if (mode === 'RegistryThenLocal' && builder.state !== 'none') return undefined;
  switch (answer?.state) {
    case 'found':
      return mirror(input, answer);
    case 'absent':
      return undefined;
    case 'unknown':
      return unknown(input, answer);
    default:
      return { step: 'ask', reason: SOURCE_REASON.asking, message: 'The registry is being asked for it.' };
  }
};

const mirror = (
  input: SourceInput,
  { url, sha256 }: Extract<RegistryAnswer, { state: 'found' }>,
): SourceDecision | undefined => {
  const { held, mirrorFailsSince } = input;
  const failure = held?.state === 'failed' ? held.failure : undefined;
  if (failure !== undefined && isOver(input, mirrorFailsSince) && hindranceOf(input) === undefined) return undefined;
  // Bytes that were accepted once never change silently: other ones there are a failure of the fetch, and told.
  const known = input.recorded?.source === 'registry' ? input.recorded.sha256 : sha256;
  const vouched = { sha256: known, source: 'registry' } as const;
  return failure === undefined
    ? {
        step: 'mirror',
        reason: SOURCE_REASON.mirroring,
        message: 'It is being fetched from the registry.',
        vouched,
        url,
      }
    : { step: 'mirror', reason: failure.code, message: failureText(failure), vouched, url };
};

const unknown = (
  input: SourceInput,
  { failure, since }: Extract<RegistryAnswer, { state: 'unknown' }>,
): SourceDecision | undefined => {
  const hindrance = hindranceOf(input);
  if (hindrance === undefined && isOver(input, since)) return undefined;
  const minutes = Math.round((input.deadlineMs ?? REGISTRY_DEADLINE_MS) / 60_000);
  const outlook = hindrance === undefined ? ` If that lasts longer than ${minutes} minutes, it is built here.` : '';
  return { step: 'wait', reason: failure.code, message: `${failureText(failure)}${outlook}` };
};

const isOver = ({ now, deadlineMs = REGISTRY_DEADLINE_MS }: SourceInput, since: number | undefined): boolean =>
  since !== undefined && now - since >= deadlineMs;

/** Why it can't be built here; `undefined`: it can. */
const hindranceOf = ({ mode, builder, key, answer, offline }: SourceInput): AgentFailure | undefined => {
  if (mode !== 'Registry') return builder.state === 'none' ? builder.hindrance : undefined;
  const cause = offline
    ? 'this site is offline, and no builder is configured'
    : `the registry ${answer?.state === 'absent' ? 'does not have it' : 'was not asked'}, and no builder is configured`;
  return {
    code: 'PackageUnavailable',
    parameters: { wekaVersion: key.wekaVersion, kernel: key.kernel, architecture: key.architecture, cause },
  };
};

const fromBuilder = (input: SourceInput): SourceDecision => {
  const { builder } = input;
  const hindrance = hindranceOf(input);
  if (hindrance !== undefined) return { step: 'unavailable', reason: hindrance.code, message: failureText(hindrance) };
  switch (builder.state) {
    case 'none':
      return { step: 'build', reason: SOURCE_REASON.wanted, message: 'It is going to be built.' };
    case 'built':
      return {
        step: 'upload',
        reason: SOURCE_REASON.uploading,
        message: 'It is built; the distribution service has not confirmed it yet.',
        vouched: { sha256: builder.sha256, source: 'built' },
      };
    default:
      return { step: 'build', reason: builder.reason, message: builder.message };
  }
};
