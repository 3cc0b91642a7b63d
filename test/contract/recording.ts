import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonValue } from '../../lib/base/json';

const FILE = join(__dirname, 'recorded.json');

/** Set: what the real server does is written down instead of compared. */
export const RECORD_VARIABLE = 'WEKA_OPERATOR_RECORD';
export const isRecording = (): boolean => (process.env[RECORD_VARIABLE] ?? '') !== '';

/** What the real server did when the suite was last recorded, by sentence. */
export const readRecording = (): Readonly<Record<string, JsonValue>> =>
  existsSync(FILE) ? (JSON.parse(readFileSync(FILE, 'utf8')) as Record<string, JsonValue>) : {};

/** Replaces the recording. */
export const writeRecording = (outcomes: Readonly<Record<string, JsonValue>>): void => {
  const sorted = Object.fromEntries(Object.entries(outcomes).sort(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(FILE, `${JSON.stringify(sorted, null, 2)}\n`);
};
