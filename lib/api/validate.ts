import type { ErrorObject, ValidateFunction } from 'ajv';
import Ajv from 'ajv';
import addFormats from 'ajv-formats';
import type { JsonObject, JsonValue } from '../base/json';
import { isJsonObject } from '../base/json';
import { mapChildren, objectSchema, rulePath } from './crd';
import type { JsonSchema } from './json-schema';
import type { KindDefinition, Rule } from './kind';
import { API_VERSION } from './kind';
import { KINDS } from './kinds';
import { closest } from './lint/closest';
import type { Path } from './lint/path';
import { pathText } from './lint/path';
import { metadataProblems } from './metadata-check';
import type { Problem } from './problem';
import { problemOf } from './schema-errors';
import { duplicateItems, normalized, unknownFields } from './schema-walk';

export type { Problem } from './problem';

/** What is wrong with an object; nothing when `problems` is empty. */
export interface ValidationResult {
  readonly valid: boolean;
  /** In the order: identity, metadata, unknown fields, schema, duplicates, rules. */
  readonly problems: readonly Problem[];
}

/** What ajv needs of a structural schema; prose, defaults and extensions are not its business. */
const forAjv = (schema: JsonSchema): JsonSchema => {
  const { description: _description, default: _default, anyOf, ...rest } = mapChildren(schema, forAjv);
  const kept = Object.fromEntries(Object.entries(rest).filter(([key]) => !key.startsWith('x-kubernetes-')));
  if (schema['x-kubernetes-int-or-string'] === true)
    return { ...kept, type: ['integer', 'string'] } as unknown as JsonSchema;
  return { ...kept, ...(anyOf === undefined ? {} : { anyOf }) };
};

interface Compiled {
  readonly schema: JsonSchema;
  readonly check: ValidateFunction;
}

const compiled = new Map<string, Compiled>();

/** Compiled at the first use of a kind, then kept: compiling costs tens of milliseconds, running microseconds. */
const compiledFor = (definition: KindDefinition): Compiled => {
  const known = compiled.get(definition.kind);
  if (known !== undefined) return known;
  const ajv = new Ajv({ strict: true, allErrors: true, allowUnionTypes: true, verbose: false });
  addFormats(ajv);
  const schema = objectSchema(definition);
  const made = { schema, check: ajv.compile(forAjv(schema)) };
  compiled.set(definition.kind, made);
  return made;
};

const definitionOf = (object: JsonObject): KindDefinition | undefined =>
  KINDS.find(({ kind }) => kind === object['kind']);

const identityProblems = (object: JsonObject): readonly Problem[] => {
  const { kind, apiVersion } = object;
  if (definitionOf(object) === undefined) {
    const near =
      typeof kind === 'string'
        ? closest(
            kind,
            KINDS.map((definition) => definition.kind),
          )
        : undefined;
    const remedy =
      near === undefined
        ? `Write one of ${KINDS.map((definition) => definition.kind).join(', ')}.`
        : `Write ${near} if that is meant.`;
    return [
      {
        path: 'kind',
        rule: 'kind',
        message: kind === undefined ? 'kind is missing.' : `${JSON.stringify(kind)} is not a kind of ${API_VERSION}.`,
        remedy,
      },
    ];
  }
  if (apiVersion === API_VERSION) return [];
  const message =
    apiVersion === undefined
      ? 'apiVersion is missing.'
      : `${JSON.stringify(apiVersion)} does not serve ${JSON.stringify(kind)}.`;
  return [{ path: 'apiVersion', rule: 'api-version', message, remedy: `Write apiVersion: ${API_VERSION}.` }];
};

/** Each value that `steps` lead to below `value`, with its path; `[]` visits every item. */
const valuesAt = (
  value: JsonValue | undefined,
  steps: readonly string[],
  at: Path = [],
): readonly { readonly path: Path; readonly value: JsonValue }[] => {
  const [step, ...rest] = steps;
  if (value === undefined) return [];
  if (step === undefined) return [{ path: at, value }];
  if (step === '[]')
    return Array.isArray(value) ? value.flatMap((item, index) => valuesAt(item, rest, [...at, index])) : [];
  return isJsonObject(value) ? valuesAt(value[step], rest, [...at, step]) : [];
};

const broken = (rule: Rule, object: JsonObject, old: JsonObject | undefined): readonly Problem[] => {
  if (rule.transition === true && old === undefined) return [];
  const before = new Map(valuesAt(old, rulePath(rule.path)).map(({ path, value }) => [pathText(path), value]));
  return valuesAt(object, rulePath(rule.path)).flatMap(({ path, value }) => {
    const oldSelf = before.get(pathText(path));
    if (!isJsonObject(value) || (rule.transition === true && oldSelf === undefined)) return [];
    if (rule.holds(value, isJsonObject(oldSelf) ? oldSelf : undefined)) return [];
    const [what, ...todo] = rule.message.split(': ');
    return [
      {
        path: pathText(path),
        rule: rule.id,
        message: `${pathText(path)}: ${what}.`,
        remedy: todo.length === 0 ? `Change it so that this holds: ${what}.` : sentence(todo.join(': ')),
      },
    ];
  });
};

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

/** Rules of the kind that `object` breaks: what the API server checks as CEL, checked by the twins. `old`: the stored object, for rules of updates. */
export const brokenRules = (definition: KindDefinition, object: JsonObject, old?: JsonObject): readonly Problem[] =>
  definition.rules.flatMap((rule) => broken(rule, object, old));

/**
 * Everything that is wrong with an object of one of our kinds: as the API server with strict field validation would find
 * it, but all at once and with a remedy each. `old` is the stored object, for rules about changes. Changes neither.
 * Rules across fields are judged only when every field has the right shape, as the API server does.
 */
export const validate = (object: JsonObject, old?: JsonObject): ValidationResult => {
  const identity = identityProblems(object);
  const definition = definitionOf(object);
  if (definition === undefined) return { valid: false, problems: identity };
  const { schema, check } = compiledFor(definition);
  const value = normalized(schema, object, true) as JsonObject;
  const shape = check(value) ? [] : (check.errors ?? []).map((error: ErrorObject) => problemOf(value, error));
  const problems = [
    ...identity,
    ...metadataProblems(object),
    ...unknownFields(schema, object, definition.kind),
    ...shape,
    ...duplicateItems(schema, value),
    ...(shape.length > 0 ? [] : brokenRules(definition, value, old)),
  ];
  return { valid: problems.length === 0, problems };
};

/** A copy of `object` with the defaults of its kind filled in, as the API server would store it; of another kind: a plain copy. */
export const withDefaults = <T extends JsonObject>(object: T): T => {
  const definition = definitionOf(object);
  return (
    definition === undefined ? structuredClone(object) : normalized(compiledFor(definition).schema, object, true)
  ) as T;
};
