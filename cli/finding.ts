import type { Severity } from '../lib/api/lint/rule';
import type { FileProblem } from './read-files';

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

/** What keeps a file, or a document of it, from being read, as a finding. */
export const fromFile = ({ file, line, document, error, remedy }: FileProblem): Finding => ({
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
