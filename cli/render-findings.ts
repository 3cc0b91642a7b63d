import type { Finding } from './finding';
import type { Terminal } from './terminal';
import { paint } from './terminal';

/** Findings for people: grouped by file, the line first (so that editors jump to it), then what is wrong and what to do. */
export const renderFindings = (findings: readonly Finding[], terminal: Pick<Terminal, 'colour'>): string =>
  findings.map((finding) => renderFinding(finding, terminal.colour)).join('\n');

const renderFinding = (finding: Finding, colour: boolean): string => {
  const place = paint(colour, 'bold', `${finding.file}:${finding.line}`);
  const about = [finding.kind === '' ? '' : `${finding.kind}/${finding.name || '<no name>'}`, finding.field]
    .filter((part) => part !== '')
    .join(' ');
  const severity = paint(colour, finding.severity === 'error' ? 'red' : 'yellow', finding.severity.padEnd(LABEL_WIDTH));
  const first = about === '' ? place : `${place}  ${about}`;
  return `${first}\n  ${severity}  ${finding.message}  ${paint(colour, 'dim', `[${finding.rule}]`)}\n  ${paint(colour, 'cyan', 'remedy'.padEnd(LABEL_WIDTH))}  ${finding.remedy}\n`;
};

const LABEL_WIDTH = 'warning'.length;

const count = (number: number, word: string): string => `${number} ${word}${number === 1 ? '' : 's'}`;

/** The last line: what was looked at and what came out. */
export const renderSummary = (
  findings: readonly Finding[],
  read: { readonly files: number; readonly documents: number },
  colour: boolean,
): string => {
  const errors = findings.filter((finding) => finding.severity === 'error').length;
  const warnings = findings.length - errors;
  const looked = `${count(read.documents, 'object')} in ${count(read.files, 'file')}`;
  if (findings.length === 0) return `${paint(colour, 'green', 'No findings')}: ${looked}.\n`;
  const parts = [
    errors > 0 ? paint(colour, 'red', count(errors, 'error')) : '',
    warnings > 0 ? paint(colour, 'yellow', count(warnings, 'warning')) : '',
  ];
  return `${parts.filter((part) => part !== '').join(', ')}: ${looked}.\n`;
};
