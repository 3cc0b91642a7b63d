import type { Document, Node, ScalarTag } from 'yaml';
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseAllDocuments, Scalar } from 'yaml';
import type { JsonObject } from '../lib/base/json';
import { isJsonObject } from '../lib/base/json';
import type { Path } from '../lib/api/lint/path';

/** A document that was read, with a way back to its lines. */
export interface SourceDocument {
  readonly object: JsonObject;
  /** As the user named the file; `-` for standard input. */
  readonly file: string;
  /** 1 for the first document of the file. */
  readonly document: number;
  /** First line of the document, from 1. */
  readonly line: number;
  /** The line of a field, or of the nearest ancestor that is there. */
  readonly lineOf: (path: Path) => number;
}

/** A place in a file that could not be read as an object. */
export interface SourceProblem {
  readonly line: number;
  readonly document: number;
  readonly cause: string;
  readonly remedy: string;
}

/** What a text holds. */
export interface ParsedText {
  readonly documents: readonly SourceDocument[];
  readonly problems: readonly SourceProblem[];
}

/** kubectl reads these as booleans and old-style octals as numbers; so do we, or lint would pass what a server refuses. */
const booleanTag: ScalarTag = {
  tag: 'tag:yaml.org,2002:bool',
  default: true,
  test: /^(?:y|Y|yes|Yes|YES|on|On|ON|n|N|no|No|NO|off|Off|OFF)$/,
  identify: () => false,
  resolve: (text) => Object.assign(new Scalar(/^(y|on)/i.test(text)), { source: text }),
};
const octalTag: ScalarTag = {
  tag: 'tag:yaml.org,2002:int',
  default: true,
  test: /^[-+]?0[0-7]+$/,
  identify: () => false,
  resolve: (text) => parseInt(text, 8),
};

/** Reads every document of `text`. Never throws: what can't be read is a problem with its line. */
export const parseYaml = (text: string, file: string): ParsedText => {
  const lines = new LineCounter();
  try {
    const parsed = parseAllDocuments(text.replace(/^\uFEFF/, ''), {
      lineCounter: lines,
      merge: true,
      prettyErrors: false,
      customTags: (tags) => [booleanTag, octalTag, ...tags],
    });
    const found = (Array.isArray(parsed) ? parsed : []).map((document, index) =>
      readDocument(document as Document.Parsed, { file, document: index + 1, lines }),
    );
    return { documents: found.flatMap((each) => each.documents), problems: found.flatMap((each) => each.problems) };
  } catch (thrown) {
    return { documents: [], problems: [problem(1, 1, thrown instanceof Error ? thrown.message : String(thrown))] };
  }
};

interface Source {
  readonly file: string;
  readonly document: number;
  readonly lines: LineCounter;
}

const readDocument = (document: Document.Parsed, source: Source): ParsedText => {
  const lineAt = (offset: number): number => Math.max(1, source.lines.linePos(offset).line);
  const start = document.contents === null ? document.range[0] : document.contents.range[0];
  const [error] = document.errors;
  if (error !== undefined)
    return { documents: [], problems: [problem(lineAt(error.pos[0]), source.document, error.message)] };
  const value = valueOf(document);
  if (value instanceof Error)
    return { documents: [], problems: [problem(lineAt(start), source.document, value.message)] };
  if (value === null || value === undefined) return { documents: [], problems: [] };
  if (!isJsonObject(value)) return { documents: [], problems: [notAnObject(value, lineAt(start), source.document)] };
  const lineOf = (path: Path): number => lineAt(offsetOf(document.contents, path) ?? start);
  return {
    documents: itemsOf(value, { file: source.file, document: source.document, line: lineAt(start), lineOf }),
    problems: [],
  };
};

const valueOf = (document: Document.Parsed): unknown => {
  try {
    return document.toJS({ maxAliasCount: 100 }) as unknown;
  } catch (thrown) {
    return thrown instanceof Error ? thrown : new Error(String(thrown));
  }
};

/** `kind: List`, as kubectl get writes it, counts as its items. */
const itemsOf = (object: JsonObject, source: Omit<SourceDocument, 'object'>): readonly SourceDocument[] => {
  const items = object['items'];
  if (object['kind'] !== 'List' || object['apiVersion'] !== 'v1' || !Array.isArray(items))
    return [{ ...source, object }];
  return items.flatMap((item, index) => {
    const lineOf = (path: Path): number => source.lineOf(['items', index, ...path]);
    return isJsonObject(item) ? [{ ...source, object: item, line: lineOf([]), lineOf }] : [];
  });
};

const HELM_REMEDY = 'Render the template first: helm template … | weka-operator lint -f -.';

const problem = (line: number, document: number, message: string): SourceProblem => {
  const cause = (message.split('\n')[0] ?? message).replace(/[.:]\s*$/, '');
  return { line, document, cause, remedy: 'Correct the YAML at that line.' };
};

const notAnObject = (value: unknown, line: number, document: number): SourceProblem => {
  const what = Array.isArray(value) ? 'a list' : `the ${typeof value} ${JSON.stringify(value).slice(0, 40)}`;
  return {
    line,
    document,
    cause: `the document is ${what}, not an object`,
    remedy: 'Write apiVersion, kind and metadata; separate objects by a line of ---.',
  };
};

/** Says that a file looks like a Helm template, when it does. */
export const helmHint = (text: string, found: SourceProblem): SourceProblem =>
  /\{\{-?\s*[.$\w]/.test(text) ? { ...found, remedy: HELM_REMEDY } : found;

const offsetOf = (contents: Node | null, path: Path): number | undefined => {
  let node: unknown = contents;
  let offset: number | undefined;
  for (const part of path) {
    const next = step(node, part);
    if (next === undefined) return offset;
    node = next.node;
    offset = next.offset ?? offset;
  }
  return offset ?? contents?.range?.[0];
};

const step = (
  node: unknown,
  part: string | number,
): { readonly node: unknown; readonly offset: number | undefined } | undefined => {
  if (isAlias(node)) return undefined;
  if (isMap(node)) {
    const pair = node.items.find(
      (item) => (isScalar(item.key) ? String(item.key.value) : String(item.key)) === String(part),
    );
    return pair === undefined ? undefined : { node: pair.value, offset: (pair.key as Node | null)?.range?.[0] };
  }
  if (!isSeq(node) || typeof part !== 'number') return undefined;
  const item = node.items[part] as Node | undefined;
  return item === undefined ? undefined : { node: item, offset: item.range?.[0] };
};
