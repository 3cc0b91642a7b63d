/** Which way is better. */
export type Better = 'less' | 'more';

/** One line of the result: what was measured, ours beside the peer's. */
export interface Row {
  /** Stable: `synthesis/json/5000/time`. */
  readonly id: string;
  readonly measure: string;
  readonly unit: string;
  /** Median of several runs; `null`: could not be measured here (then `peerName` or `measure` says why). */
  readonly ours: number | null;
  /** `null`: recorded without a peer, or the peer isn't installed. */
  readonly peer: number | null;
  readonly peerName: string;
  /** How many times better ours is than the peer's: above 1 is better, whatever the unit. */
  readonly ratio: number | null;
  /** As text; empty: none, the figure is recorded only. */
  readonly target: string;
  /** `null`: there is no target, or nothing was measured. */
  readonly met: boolean | null;
}

/** What a target is about: our own figure, or how it compares with the peer's. */
export type Target =
  | { readonly atMost: number }
  | { readonly atLeast: number }
  | { readonly exactly: number }
  | { readonly ratioAtLeast: number };

export interface RowInput {
  readonly id: string;
  readonly measure: string;
  readonly unit: string;
  readonly better: Better;
  readonly ours: number | null;
  readonly peer?: number | null;
  readonly peerName?: string;
  readonly target?: Target;
}

/** A row with its ratio and verdict. Figures are rounded to four digits. */
export const row = (input: RowInput): Row => {
  const { better, ours, peer = null, peerName = 'recorded', target } = input;
  const ratio = ours === null || peer === null ? null : better === 'less' ? peer / ours : ours / peer;
  return {
    id: input.id,
    measure: input.measure,
    unit: input.unit,
    ours: rounded(ours),
    peer: rounded(peer),
    peerName,
    ratio: rounded(ratio !== null && Number.isFinite(ratio) ? ratio : null),
    target: target === undefined ? '' : targetText(target, input.unit),
    met: target === undefined ? null : verdict(target, ours, ratio),
  };
};

/** In place of the rows of a measure that failed. */
export const notMeasured = (id: string, thrown: unknown): Row => {
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  const measure = `${id}: not measured: ${reason.split('\n')[0]?.slice(0, REASON_LENGTH)}`;
  return row({ id, measure, unit: '', better: 'less', ours: null, peerName: '' });
};

/** More of a message makes the table unreadable; all of it is on the standard error output. */
const REASON_LENGTH = 200;

const rounded = (value: number | null): number | null => (value === null ? null : Number(value.toPrecision(4)));

const targetText = (target: Target, unit: string): string => {
  if ('atMost' in target) return `≤ ${target.atMost} ${unit}`;
  if ('atLeast' in target) return `≥ ${target.atLeast} ${unit}`;
  if ('exactly' in target) return `= ${target.exactly} ${unit}`;
  return `≥ ${target.ratioAtLeast} × the peer`;
};

const verdict = (target: Target, ours: number | null, ratio: number | null): boolean | null => {
  if (ours === null) return null;
  if ('atMost' in target) return ours <= target.atMost;
  if ('atLeast' in target) return ours >= target.atLeast;
  if ('exactly' in target) return ours === target.exactly;
  return ratio === null ? null : ratio >= target.ratioAtLeast;
};

/** The middle value; of an even number the mean of the two in the middle. */
export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  const upper = sorted[half] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? NaN) + upper) / 2;
};
