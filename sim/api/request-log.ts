/** The audit log: every write in order, and counts for "who wrote how often". */
import { refString } from '../../lib/base/kube-object';
import type { WriteRecord, WriteVerb } from './core';

export interface WriteFilter {
  readonly user?: string;
  readonly verb?: WriteVerb;
  readonly kind?: string;
  /** Only writes that changed something, or only those that didn't. Default: both, as an audit log counts. */
  readonly changed?: boolean;
}

export interface RequestLog {
  readonly record: (write: WriteRecord) => void;
  /** Every write so far, oldest first. */
  readonly writes: readonly WriteRecord[];
  count(filter?: WriteFilter): number;
  /** One line a write, for comparing runs: `2026-01-01T00:00:00.010Z weka-operator apply Pod/default/a`. */
  lines(filter?: WriteFilter): readonly string[];
  /** Forgets what was written so far. */
  clear(): void;
}

const matches = (write: WriteRecord, filter: WriteFilter): boolean =>
  (filter.user === undefined || write.user === filter.user) &&
  (filter.verb === undefined || write.verb === filter.verb) &&
  (filter.kind === undefined || write.ref.kind === filter.kind) &&
  (filter.changed === undefined || write.changed === filter.changed);

const line = (write: WriteRecord): string => {
  const subresource = write.subresource === undefined ? '' : `/${write.subresource}`;
  const same = write.changed ? '' : ' (unchanged)';
  return `${new Date(write.at).toISOString()} ${write.user} ${write.verb} ${refString(write.ref)}${subresource}${same}`;
};

export const createRequestLog = (): RequestLog => {
  const writes: WriteRecord[] = [];
  return {
    writes,
    record: (write) => void writes.push(write),
    count: (filter = {}) => writes.filter((write) => matches(write, filter)).length,
    lines: (filter = {}) => writes.filter((write) => matches(write, filter)).map(line),
    clear: () => void writes.splice(0),
  };
};
