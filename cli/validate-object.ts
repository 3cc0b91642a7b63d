import { KINDS } from '../lib/api/kinds';
import type { SchemaProblem, SchemaValidator } from '../lib/api/lint/lint';
import { kindOf } from '../lib/api/lint/rule';
import { validate } from '../lib/api/validate';
import type { JsonObject } from '../lib/base/json';
import { isJsonObject } from '../lib/base/json';
import type { Manifest } from '../lib/base/kube-object';
import { isKnownKind, validateManifests } from '../synth/validation';

/** Validates against the schema of the kind, ours and the built-in ones that we know; other kinds have no problems. */
export const validateObject: SchemaValidator = (object) =>
  KINDS.some(({ kind }) => kind === kindOf(object)) ? validate(object).problems : builtInProblems(object);

const builtInProblems = (object: JsonObject): readonly SchemaProblem[] => {
  const { apiVersion, kind, metadata } = object;
  if (typeof apiVersion !== 'string' || typeof kind !== 'string' || !isJsonObject(metadata)) return [];
  const manifest = object as unknown as Manifest;
  if (!isKnownKind(manifest)) return [];
  return validateManifests([manifest]).map(({ path, message }) => ({
    path,
    rule: 'built-in-schema',
    // What a Secret holds may be quoted in a message: never pass it on.
    message: kind === 'Secret' ? `${path} is not what a Secret takes.` : `${path === '' ? kind : path} ${message}.`,
    remedy: `Correct it: kubectl explain ${kind.toLowerCase()}${path === '' ? '' : `.${path.replaceAll(/\[[^\]]*\]/g, '')}`}.`,
  }));
};
