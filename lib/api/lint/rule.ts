import type { JsonObject } from '../../base/json';
import type { Path } from './path';
import { valueAt } from './path';

/** `error`: the API server refuses the document or it can't do its job. `warning`: it works, but hardly as meant. */
export type Severity = 'error' | 'warning';

/** A document that is linted. */
export interface LintDocument {
  readonly object: JsonObject;
  /** For messages that name another document: `cluster.yaml:12`. */
  readonly where: string;
}

/** What a rule may look at beside the document itself. */
export interface LintContext {
  /** All documents given together, the one being checked included. */
  readonly documents: readonly LintDocument[];
  readonly document: LintDocument;
}

/** What a rule says about one place. */
export interface RuleFinding {
  /** The field; it may be a missing one: then its nearest ancestor gives the line. */
  readonly path: Path;
  /** What is wrong: a sentence that quotes the value. */
  readonly message: string;
  /** What to do: a sentence in the imperative. */
  readonly remedy: string;
}

/** A finding in a document. */
export interface DocumentFinding extends RuleFinding {
  readonly rule: string;
  readonly severity: Severity;
}

/** Our kinds, however the group and version are spelled. */
export const OUR_KINDS = [
  'WekaCluster',
  'WekaClient',
  'WekaContainer',
  'WekaPolicy',
  'WekaManualOperation',
  'WekaNode',
] as const;

/** One rule of the table. `id` is API: it appears in `-o json` and in scripts. */
export interface LintRule {
  readonly id: string;
  readonly severity: Severity;
  /** Kinds it looks at. `ours`: all of OUR_KINDS; `all`: every document. */
  readonly kinds: readonly string[] | 'ours' | 'all';
  /** What it finds, for docs/lint.md: one sentence. */
  readonly finds: string;
  /** Why that matters, for docs/lint.md: one sentence. */
  readonly why: string;
  readonly check: (object: JsonObject, context: LintContext) => readonly RuleFinding[];
}

/** `kind` of the object; empty when it has none. */
export const kindOf = (object: JsonObject): string => textAt(object, ['kind']) ?? '';

/** `metadata.name`; empty when it has none. */
export const nameOf = (object: JsonObject): string => textAt(object, ['metadata', 'name']) ?? '';

/** `metadata.namespace`; `default` when it has none, as kubectl would have it. */
export const namespaceOf = (object: JsonObject): string => textAt(object, ['metadata', 'namespace']) ?? 'default';

/** Whether the object is of one of our kinds, however its apiVersion is spelled. */
export const isOurs = (object: JsonObject): boolean => (OUR_KINDS as readonly string[]).includes(kindOf(object));

/** The string at `path`, if it is one. */
export const textAt = (object: JsonObject, path: Path): string | undefined => {
  const value = valueAt(object, path);
  return typeof value === 'string' ? value : undefined;
};

/** The number at `path`, if it is one. */
export const numberAt = (object: JsonObject, path: Path): number | undefined => {
  const value = valueAt(object, path);
  return typeof value === 'number' ? value : undefined;
};

/** The strings of the list at `path`, each with its own path. */
export const textsAt = (object: JsonObject, path: Path): readonly { readonly path: Path; readonly value: string }[] => {
  const value = valueAt(object, path);
  if (!Array.isArray(value)) return [];
  return value.flatMap((item, index) => (typeof item === 'string' ? [{ path: [...path, index], value: item }] : []));
};

/** A list of one finding, or none when `wrong` is false. */
export const when = (wrong: boolean, finding: () => RuleFinding): readonly RuleFinding[] => (wrong ? [finding()] : []);
