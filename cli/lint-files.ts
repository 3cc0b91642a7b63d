import type { SchemaValidator } from '../lib/api/lint/lint';
import { lintDocument } from '../lib/api/lint/lint';
import { pathText } from '../lib/api/lint/path';
import { kindOf, nameOf } from '../lib/api/lint/rule';
import type { Finding } from './finding';
import { fromFile } from './finding';
import { isNodeList, readNodes } from './node-list';
import type { SourceDocument } from './parse-yaml';
import type { ReadResult } from './read-files';

/** All findings in what was read, by file and line. Node lists in the short form are checked as such. */
export const lintFiles = (read: ReadResult, validate: SchemaValidator): readonly Finding[] => {
  const nodeLists = read.documents.filter(isNodeList);
  const documents = read.documents
    .filter((document) => !isNodeList(document))
    .map((source) => ({
      source,
      lint: { object: source.object, where: `${source.file}:${source.line}` },
    }));
  const all = documents.map(({ lint }) => lint);
  const inNodes = readNodes({ ...read, documents: nodeLists, problems: [] }).findings;
  const findings = documents.flatMap(({ source, lint }) => findingsOf(source, lintDocument(lint, all, validate)));
  const order = new Map(
    [...read.problems, ...read.documents]
      .map(({ file }) => file)
      .sort()
      .map((file, index) => [file, index]),
  );
  return [...read.problems.map(fromFile), ...inNodes, ...findings].sort(
    (left, right) => (order.get(left.file) ?? 0) - (order.get(right.file) ?? 0) || left.line - right.line,
  );
};

const findingsOf = (source: SourceDocument, found: ReturnType<typeof lintDocument>): readonly Finding[] =>
  found.map(({ path, rule, severity, message, remedy }) => ({
    file: source.file,
    line: source.lineOf(path),
    document: source.document,
    kind: kindOf(source.object),
    name: nameOf(source.object),
    field: pathText(path),
    rule,
    severity,
    message,
    remedy,
  }));
