import type { KindDefinition } from '../../lib/api/kind';
import { KINDS } from '../../lib/api/kinds';

/** The definition of one of our kinds; throws RangeError for every other name. */
export const typeNamed = (kind: string): KindDefinition => {
  const found = KINDS.find((definition) => definition.kind === kind);
  if (found === undefined) throw new RangeError(`${kind} is none of our kinds`);
  return found;
};
