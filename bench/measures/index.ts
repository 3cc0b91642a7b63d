import type { Measure } from '../measure';
import { synthesis } from './synthesis';

/** Everything that is measured, in the order of the table. */
export const MEASURES: readonly Measure[] = [synthesis];
