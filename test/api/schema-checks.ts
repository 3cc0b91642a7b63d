import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv from 'ajv';
import addFormats from 'ajv-formats';
import { parse } from 'yaml';
import { mapChildren } from '../../lib/api/crd';
import type { JsonSchema } from '../../lib/api/json-schema';
import { CHANGE } from '../../lib/api/field';
import type { KindDefinition } from '../../lib/api/kind';

/** Documents that others published. They are no part of the project. */
const CORPUS = process.env['WEKA_CORPUS'] ?? join(__dirname, '../../../shared/corpus');
const index = join(CORPUS, 'INDEX.tsv');

export const corpusExists = existsSync(index);

export interface CorpusDocument {
  readonly file: string;
  readonly expect: string;
  /** Fields that the index calls unknown. */
  readonly unknown: readonly string[];
  readonly document: { readonly spec: unknown };
}

/** Documents of one kind that are YAML. */
export const corpusOf = (kind: string): readonly CorpusDocument[] =>
  (corpusExists ? readFileSync(index, 'utf8').trim().split('\n').slice(1) : [])
    .map((line) => line.split('\t'))
    .filter(([, kindOfFile, expected]) => kindOfFile === kind && expected !== 'parse-error')
    .map(([file = '', , expected = '', findings = '']) => ({
      file,
      expect: expected,
      unknown: [...findings.matchAll(/unknown ([\w.]+)/g)].map(([, path = '']) => path),
      document: parse(readFileSync(join(CORPUS, file), 'utf8')) as CorpusDocument['document'],
    }));

const plain = (schema: unknown): JsonSchema => JSON.parse(JSON.stringify(schema)) as JsonSchema;

/** As strict field validation of the API server sees it: fields that are not declared are errors. */
const closed = (schema: JsonSchema): JsonSchema => ({
  ...mapChildren(schema, closed),
  ...(schema.properties === undefined ? {} : { additionalProperties: false }),
});

/** A validator of spec or status that returns its complaints; none: accepted. */
export const validatorOf = (schema: unknown): ((value: unknown) => readonly string[]) => {
  const ajv = new Ajv({ strict: false, allErrors: true });
  addFormats(ajv);
  const validate = ajv.compile(closed(plain(schema)));
  return (value) =>
    validate(value)
      ? []
      : (validate.errors ?? []).map(
          (error) => `${error.instancePath} ${error.message} ${JSON.stringify(error.params)}`,
        );
};

interface Property {
  readonly path: string;
  readonly schema: JsonSchema;
}

const propertiesOf = (schema: JsonSchema, at: string): readonly Property[] => [
  ...Object.entries(schema.properties ?? {}).flatMap(([name, child]) => [
    { path: `${at}.${name}`, schema: child },
    ...propertiesOf(child, `${at}.${name}`),
  ]),
  ...(schema.items === undefined ? [] : propertiesOf(schema.items, `${at}[]`)),
  ...(typeof schema.additionalProperties === 'object' ? propertiesOf(schema.additionalProperties, `${at}{}`) : []),
];

const holdsNumbers = (schema: JsonSchema): boolean =>
  schema.type === 'integer' ||
  schema.type === 'number' ||
  schema['x-kubernetes-int-or-string'] === true ||
  schema.pattern?.includes('ns|us') === true ||
  (schema.items !== undefined && holdsNumbers(schema.items));

const changes = Object.values(CHANGE).map((sentence) => sentence.replaceAll('.', '\\.'));
const SPEC = new RegExp(`^\\S[^]*[.!?] (Unit: .+\\. )?(Required\\.|Default: .+\\.) (${changes.join('|')})$`);
const STATUS = /^\S[^]*\.$/;

/** Properties of spec and status whose description lacks purpose, unit, default or effect of a change. */
export const undocumented = (definition: KindDefinition): readonly string[] => {
  const lacking = (root: string, schema: unknown, form: RegExp) =>
    propertiesOf(plain(schema), root)
      .filter(
        ({ schema: { description = '', ...rest } }) =>
          !form.test(description) || (holdsNumbers(rest) && !description.includes(' Unit: ')),
      )
      .map(({ path, schema: { description } }) => `${path}: ${description ?? 'no description'}`);
  return [...lacking('spec', definition.spec, SPEC), ...lacking('status', definition.status, STATUS)];
};

/** Lists of spec and status that don't say how server-side apply merges them. */
export const unmergeableLists = (definition: KindDefinition): readonly string[] =>
  [...propertiesOf(plain(definition.spec), 'spec'), ...propertiesOf(plain(definition.status), 'status')]
    .filter(({ schema }) => schema.type === 'array' && schema['x-kubernetes-list-type'] === undefined)
    .map(({ path }) => path);

/** Paths of spec or status that insist on a property. */
export const requiredIn = (schema: unknown, root: string): readonly string[] =>
  [{ path: root, schema: plain(schema) }, ...propertiesOf(plain(schema), root)].flatMap(({ path, schema: one }) => [
    ...(one.required ?? []).map((name) => `${path}.${name}`),
    ...(one.items?.required ?? []).map((name) => `${path}[].${name}`),
  ]);
