import type { ErrorSpec } from './errors';
import { ERRORS } from './errors';

const rows = (table: Readonly<Record<string, ErrorSpec>>): readonly string[] =>
  Object.entries(table).flatMap(([code, { summary, remedy, retry }]) => [
    `## ${code}`,
    summary,
    `**What to do.** ${remedy}`,
    retry ? '*Tried again by itself.*' : '*Not tried again until something changes: the object is Stalled.*',
  ]);

/** docs/errors.md: every error with its remedy. Pure and deterministic. */
export const errorsPage = (): string =>
  [
    '<!-- Generated from lib/base/errors.ts by `npm run docs`; do not edit. -->',
    '# Errors',
    'Each code appears as the reason of a condition or an event, in `-o json` and in log lines. Codes are never renamed. Words in braces are filled in.',
    ...rows(ERRORS),
    '',
  ]
    .join('\n\n')
    .replace(/\n+$/, '\n')
    .replaceAll('<', '&lt;')
    .replace('&lt;!--', '<!--');
