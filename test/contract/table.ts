import type { Behaviour } from './behaviour';
import { builtIn } from './behaviours/built-in';
import { deletion } from './behaviours/deletion';
import { errors } from './behaviours/errors';
import { ownership } from './behaviours/ownership';
import { placement } from './behaviours/placement';
import { lists, watches } from './behaviours/reading';
import { validation } from './behaviours/validation';
import { versions } from './behaviours/versions';

/** Everything that the embedded cluster and a real one are compared by. Those that wait come first. */
export const BEHAVIOURS: readonly Behaviour[] = [
  ...placement,
  ...deletion,
  ...watches,
  ...lists,
  ...errors,
  ...versions,
  ...ownership,
  ...builtIn,
  ...validation,
];
