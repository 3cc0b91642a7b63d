import type { SchemaValidator } from '../lib/api/lint/lint';
import { kindOf } from '../lib/api/lint/rule';
import { KINDS } from '../lib/api/kinds';
import { validate } from '../lib/api/validate';

/** Validates against the schema of the kind; kinds without a schema have no problems. */
export const validateObject: SchemaValidator = (object) =>
  KINDS.some(({ kind }) => kind === kindOf(object)) ? validate(object).problems : [];
