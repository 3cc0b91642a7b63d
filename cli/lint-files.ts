import type { Severity } from '../lib/api/lint/rule';
import { kindOf, nameOf } from '../lib/api/lint/rule';
import type { SchemaValidator } from '../lib/api/lint/lint';
import { lintDocument } from '../lib/api/lint/lint';
import { pathText } from '../lib/api/lint/path';
import type { FileProblem, ReadResult } from './read-files';
import type { SourceDocument } from './parse-yaml';

/** One line of `lint`: the shape of `-o json`, which is an array of exactly these. Part of the API of the command line. */
export interface Finding {
  /** As it was named on the command line; `-` for standard input. */
  readonly file: string;
  /** From 1. For a missing field: the line of the nearest object that is there. */
  readonly line: number;
  /** Which document of the file, from 1. */
  readonly document: number;
  /** Empty when the document could not be read. */
  readonly kind: string;
  /** `metadata.name`; empty when it has none. */
  readonly name: string;
  /** `spec.network.deviceSubnets[0]`; empty when the finding is about the file. */
  readonly field: string;
  /** Id of the rule, as in docs/lint.md. */
  readonly rule: string;
  readonly severity: Severity;
  readonly message: string;
  readonly remedy: string;
}

/** Ids of findings about files, by the code of the error. */
const FILE_RULES: Readonly<Record<string, string>> = {
  FileUnreadable: 'file-unreadable',
  FileTooLarge: 'file-too-large',
  FileNotText: 'file-not-text',
  FileEmpty: 'file-empty',
  YamlInvalid: 'yaml-invalid',
};

/** All findings in what was read, by file and line. */
export const lintFiles = (read: ReadResult, validate: SchemaValidator): readonly Finding[] => {
  const documents = read.documents.map((source) => ({
    source,
    lint: { object: source.object, where: `${source.file}:${source.line}` },
  }));
  const all = documents.map(({ lint }) => lint);
  const findings = documents.flatMap(({ source, lint }) => findingsOf(source, lintDocument(lint, all, validate)));
  const order = new Map(
    [...read.problems, ...read.documents]
      .map(({ file }) => file)
      .sort()
      .map((file, index) => [file, index]),
  );
  return [...read.problems.map(fromFile), ...findings].sort(
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

const fromFile = ({ file, line, document, error, remedy }: FileProblem): Finding => ({
  file,
  line,
  document,
  kind: '',
  name: '',
  field: '',
  rule: FILE_RULES[error.code] ?? 'file-unreadable',
  severity: 'error',
  message: error.code === 'YamlInvalid' ? sentence(String(error.parameters['cause'])) : error.message,
  remedy,
});

/** The place is told apart from the message; the cause alone makes the sentence. */
const sentence = (cause: string): string => `${cause.charAt(0).toUpperCase()}${cause.slice(1)}.`;
