import type { Row } from './row';

/** Something that can be measured. */
export interface Measure {
  /** First part of its rows' ids. */
  readonly id: string;
  run(): Promise<readonly Row[]>;
}
