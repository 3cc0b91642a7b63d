/**
 * Fault plans as data: what goes wrong, when and for how long. One table says which faults there are and what each is
 * told; the types, the reader of plan files (read-plan.ts), their printed form and the documentation follow from it.
 */

/** How one field of a fault is written and bounded. Durations are Go's (`90s`, `1m30s`) in files, milliseconds in here. */
export type FaultField =
  | {
      readonly type: 'duration';
      readonly says: string;
      /** Milliseconds when it is left out; absent: it must be given. */
      readonly absent?: number;
      /** Least and most milliseconds. */
      readonly from: number;
      readonly to: number;
    }
  | {
      readonly type: 'count';
      readonly says: string;
      readonly absent?: number;
      readonly from: number;
      readonly to: number;
    }
  | { readonly type: 'share'; readonly says: string; readonly absent?: number }
  | { readonly type: 'text'; readonly says: string; readonly absent?: string }
  | { readonly type: 'choice'; readonly says: string; readonly of: readonly string[]; readonly absent?: string };

const HOUR = 3_600_000;
/** The latest moment at which a fault may begin. */
export const LATEST_MS = 24 * HOUR;

const at = { type: 'duration', says: 'when, after the beginning', from: 0, to: LATEST_MS } as const;
const lasting = (says: string) => ({ type: 'duration', says, from: 1, to: LATEST_MS }) as const;
const window = { at, for: lasting('for how long') } as const;
const by = (says: string, absent: number) => ({ type: 'duration', says, absent, from: 1, to: HOUR }) as const;
const share = { type: 'share', says: 'which part of what it concerns, from 0 to 1, by chance', absent: 1 } as const;
const kind = { type: 'text', says: 'only this kind of object; left out: every kind', absent: '' } as const;
const node = { type: 'text', says: 'name of the node' } as const;

/** What a kubelet or the control plane can report of a Pod that does not run. */
export const POD_FAILURES = [
  'ErrImagePull',
  'ImagePullBackOff',
  'FailedMount',
  'CrashLoopBackOff',
  'OOMKilled',
  'Error',
  'Evicted',
  'DeadlineExceeded',
  'Preempted',
  'NodeLost',
  'Unschedulable',
] as const;
export type PodFailure = (typeof POD_FAILURES)[number];

/** Every fault: what happens, and what it is told. */
export const FAULTS = {
  crash: {
    about: 'The manager dies at one of its writes and another process takes its place.',
    fields: {
      write: { type: 'count', says: 'at which of its writes, from 1; the Lease not counted', from: 1, to: 1_000_000 },
      when: {
        type: 'choice',
        says: 'whether the write takes effect before it dies',
        of: ['before', 'after'],
        absent: 'after',
      },
      down: by('until the next process starts', 5_000),
    },
  },
  version: {
    about: 'The manager is stopped, and another version of it starts: an upgrade, or a downgrade.',
    fields: { at, image: { type: 'text', says: 'operator image of that version' }, down: by('until it starts', 2_000) },
  },
  'second-manager': { about: 'Two managers work at once.', fields: window },
  'clock-jump': {
    about: "The manager's own clock jumps, forwards or (negative) backwards.",
    fields: { at, by: { type: 'duration', says: 'how far', from: -24 * HOUR, to: 24 * HOUR } },
  },
  events: {
    about: 'Watch events are lost, come late, come twice, or an older one comes again.',
    fields: {
      effect: { type: 'choice', says: 'what becomes of them', of: ['drop', 'delay', 'duplicate', 'rewind'] },
      ...window,
      by: by('how late, for delay', 2_000),
      kind,
      share,
    },
  },
  'watches-end': {
    about: 'All watches end: closed by the server, cut by the network, or told that their version has expired.',
    fields: { at, how: { type: 'choice', says: 'how', of: ['closed', 'cut', 'expired'], absent: 'cut' } },
  },
  'stale-lists': {
    about: 'Lists show the past, as an API server does that lags behind its peers; watches go on from there.',
    fields: { ...window, by: by('how old', 5_000), kind },
  },
  api: {
    about: 'The API server answers calls with an error, with or without having done what was asked.',
    fields: {
      answer: {
        type: 'choice',
        says: '409, 429 (again after a second), 500, no answer in time, or no connection',
        of: ['conflict', 'busy', 'error', 'timeout', 'unreachable'],
      },
      effect: { type: 'choice', says: 'whether it was done all the same', of: ['none', 'done'], absent: 'none' },
      calls: { type: 'choice', says: 'which calls', of: ['all', 'reads', 'writes'], absent: 'writes' },
      ...window,
      kind,
      share,
    },
  },
  slow: { about: 'The API server takes its time.', fields: { ...window, by: by('for each call', 1_000), share } },
  'node-reboot': {
    about: 'A node reboots: its containers die and start again.',
    fields: { node, at, down: by('for how long it is down', 20_000) },
  },
  'node-loss': { about: 'A node falls silent, and comes back rebooted.', fields: { node, ...window } },
  'node-gone': {
    about: 'A node leaves the cluster, and joins it again as a new Node object.',
    fields: { node, ...window },
  },
  'agents-cut': {
    about: 'The agents on a node reach neither the manager nor a distribution service; the kubelet does its work.',
    fields: { node, ...window },
  },
  pod: {
    about: 'Pods fail as kubelets and the control plane report it.',
    fields: {
      as: { type: 'choice', says: 'how', of: POD_FAILURES },
      pod: { type: 'text', says: 'Pods whose name contains this; left out: all', absent: '' },
      ...window,
    },
  },
} as const satisfies Record<string, { readonly about: string; readonly fields: Readonly<Record<string, FaultField>> }>;

export type FaultName = keyof typeof FAULTS;

type ValueOf<Field> = Field extends { readonly type: 'choice'; readonly of: readonly (infer Word)[] }
  ? Word
  : Field extends { readonly type: 'text' }
    ? string
    : number;

type FaultOf<Name extends FaultName> = { readonly fault: Name } & {
  readonly [Key in keyof (typeof FAULTS)[Name]['fields']]: ValueOf<(typeof FAULTS)[Name]['fields'][Key]>;
};

/** One fault, with every field filled in; times in milliseconds. */
export type Fault = { readonly [Name in FaultName]: FaultOf<Name> }[FaultName];
/** The faults of one name. */
export type Named<Name extends FaultName> = Extract<Fault, { readonly fault: Name }>;

/** What goes wrong in a run. */
export interface FaultPlan {
  readonly faults: readonly Fault[];
}

export const NO_PLAN: FaultPlan = { faults: [] };

/** The faults of a plan that have this name. */
export const faultsNamed = <Name extends FaultName>(plan: FaultPlan, name: Name): readonly Named<Name>[] =>
  plan.faults.filter((fault): fault is Named<Name> => fault.fault === name);

/** When the last fault of the plan is over, in milliseconds after the beginning; crashes strike when they do. */
export const endOf = (plan: FaultPlan): number => Math.max(0, ...plan.faults.map(endOfFault));

const endOfFault = (fault: Fault): number => {
  if (fault.fault === 'crash') return 0;
  const length = 'for' in fault ? fault.for : 'down' in fault ? fault.down : 0;
  return fault.at + length;
};
