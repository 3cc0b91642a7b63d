import { LineCounter, parseDocument } from 'yaml';
import { OperatorError } from '../../lib/base/errors';
import type { FaultPlan } from '../../sim/faults/plan';
import { readPlan } from '../../sim/faults/read-plan';
import { readFileSync, statSync } from 'node:fs';
import { LIMIT_MB } from '../read-files';

const MB = 1024 * 1024;

/** The fault plan of a file. Throws FileUnreadable, FileTooLarge, YamlInvalid or FaultPlanInvalid. */
export const readFaultFile = (file: string): FaultPlan => {
  const lines = new LineCounter();
  const document = parseDocument(textOf(file), { lineCounter: lines });
  const [error] = document.errors;
  if (error !== undefined) {
    const cause = (error.message.split('\n')[0] ?? '').replace(/[.:]\s*$/, '');
    throw new OperatorError('YamlInvalid', { file, line: lines.linePos(error.pos[0]).line, cause });
  }
  const { plan, problems } = readPlan(document.toJS());
  if (plan === undefined) throw new OperatorError('FaultPlanInvalid', { file, problems: problems.join(' ') });
  return plan;
};

const textOf = (file: string): string => {
  try {
    const size = statSync(file).size / MB;
    if (size > LIMIT_MB) throw new OperatorError('FileTooLarge', { file, size: size.toFixed(1), limit: LIMIT_MB });
    return readFileSync(file, 'utf8');
  } catch (thrown) {
    if (thrown instanceof OperatorError) throw thrown;
    throw new OperatorError('FileUnreadable', { file, cause: (thrown as Error).message });
  }
};
