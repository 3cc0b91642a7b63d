import { driverRules } from './drivers';
import { identityRules } from './identity';
import { imageRules } from './images';
import { legacyRules } from './legacy';
import { listRules } from './lists';
import { networkRules } from './network';
import { placeholderRules } from './placeholders';
import { referenceRules } from './references';
import type { LintRule } from './rule';
import { sizingRules } from './sizing';

/** Every rule, in the order of docs/lint.md. */
export const LINT_RULES: readonly LintRule[] = [
  ...identityRules,
  ...placeholderRules,
  ...legacyRules,
  ...networkRules,
  ...sizingRules,
  ...imageRules,
  ...driverRules,
  ...referenceRules,
  ...listRules,
];
