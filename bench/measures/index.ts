import type { Measure } from '../measure';
import { list } from './list';
import { synthesis } from './synthesis';

/** Everything that is measured, in the order of the table. */
export const MEASURES: readonly Measure[] = [synthesis, list];
