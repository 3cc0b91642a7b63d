import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { KubeObject } from '../../lib/base/kube-object';

/** Public custom resources of other people, beside the checkout: read there, never copied. */
const CORPUS = join(__dirname, '..', '..', '..', 'shared', 'corpus');

/** What the index expects of a document. */
export type Expectation = 'ok' | 'ok-after-substitution' | 'unknown-field' | 'reject' | 'parse-error';

/** One line of the corpus' index, and the document it is about. */
export interface CorpusEntry {
  readonly file: string;
  readonly expect: Expectation;
  readonly kind: string;
  /** `unknown spec.size`, … as the index has them. */
  readonly findings: readonly string[];
  /** Absolute. */
  readonly path: string;
  readonly text: string;
}

/** Whether there is a corpus on this machine. */
export const corpusExists = existsSync(join(CORPUS, 'INDEX.tsv'));

/** Every document of the corpus, in the order of the index; none where there is no corpus. */
export const readCorpus = (): CorpusEntry[] => {
  if (!corpusExists) return [];
  const lines = readFileSync(join(CORPUS, 'INDEX.tsv'), 'utf8').trimEnd().split('\n').slice(1);
  return lines.map((line) => {
    const [file = '', kind = '', expect = '', findings = ''] = line.split('\t');
    const path = join(CORPUS, file);
    const text = readFileSync(path, 'utf8');
    return { file, kind, expect: expect as Expectation, findings: findings.split('; ').filter(Boolean), path, text };
  });
};

/** The document of an entry that is YAML. */
export const documentOf = (entry: CorpusEntry): KubeObject => parse(entry.text) as KubeObject;

/** Entries in groups in which no two are the same object, so that a group can be applied in one go. */
export const inBatches = (entries: readonly CorpusEntry[]): CorpusEntry[][] => {
  const batches: { keys: Set<string>; entries: CorpusEntry[] }[] = [];
  for (const entry of entries) {
    const key = identity(documentOf(entry));
    let batch = batches.find(({ keys }) => !keys.has(key));
    if (batch === undefined) batches.push((batch = { keys: new Set(), entries: [] }));
    batch.keys.add(key);
    batch.entries.push(entry);
  }
  return batches.map((batch) => batch.entries);
};

/** Kind, namespace and name: what makes two documents the same object to a server. */
export const identity = ({ kind, metadata }: KubeObject): string =>
  `${kind}/${metadata.namespace ?? 'default'}/${metadata.name}`;

/** Where `live` lacks something that `wanted` has, or has it otherwise: paths. `{}`, `false`, `0` and `''` count. */
export const lostFields = (wanted: unknown, live: unknown, path = ''): string[] => {
  if (Array.isArray(wanted)) {
    if (!Array.isArray(live) || live.length !== wanted.length) return [path];
    return wanted.flatMap((item, index) => lostFields(item, live[index], `${path}[${index}]`));
  }
  if (typeof wanted !== 'object' || wanted === null) return wanted === live ? [] : [path];
  if (typeof live !== 'object' || live === null || Array.isArray(live)) return [path];
  return Object.entries(wanted).flatMap(([key, value]) =>
    lostFields(value, (live as Record<string, unknown>)[key], path === '' ? key : `${path}.${key}`),
  );
};
