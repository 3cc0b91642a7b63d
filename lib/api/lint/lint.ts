import type { JsonObject } from '../../base/json';
import type { Path } from './path';
import { parsePath, pathText } from './path';
import type { DocumentFinding, LintDocument, LintRule } from './rule';
import { isOurs, kindOf } from './rule';
import { LINT_RULES } from './rules';

/** What a schema validator says about one place. */
export interface SchemaProblem {
  /** `spec.network.deviceSubnets[0]` or `/spec/network/deviceSubnets/0`. */
  readonly path: string;
  /** Kebab-case: `unknown-field`, `wrong-type`, or the id of a rule of the kind. */
  readonly rule: string;
  readonly message: string;
  readonly remedy: string;
}

/** Validates an object against the schema of its kind; no problems for kinds it doesn't know. */
export type SchemaValidator = (object: JsonObject) => readonly SchemaProblem[];

/** The findings of all rules and of the schema in `document`, in document order of the rules table. */
export const lintDocument = (
  document: LintDocument,
  documents: readonly LintDocument[],
  validate: SchemaValidator,
): readonly DocumentFinding[] => {
  const found = LINT_RULES.filter((rule) => concerns(rule, document.object)).flatMap((rule) =>
    rule
      .check(document.object, { documents, document })
      .map((finding) => ({ ...finding, rule: rule.id, severity: rule.severity })),
  );
  const schema = validate(document.object).map(fromSchema);
  return withoutRepeats([...found, ...schema.filter((problem) => !explained(problem.path, found))]);
};

const concerns = (rule: LintRule, object: JsonObject): boolean => {
  if (rule.kinds === 'all') return true;
  return rule.kinds === 'ours' ? isOurs(object) : rule.kinds.includes(kindOf(object));
};

const fromSchema = (problem: SchemaProblem): DocumentFinding => ({
  path: parsePath(problem.path),
  rule: problem.rule,
  severity: 'error',
  message: problem.message,
  remedy: problem.remedy,
});

/** Whether an error of a more telling rule is about the same field already. */
const explained = (path: Path, found: readonly DocumentFinding[]): boolean => {
  const text = pathText(path);
  return found.some((finding) => finding.severity === 'error' && pathText(finding.path) === text);
};

const withoutRepeats = (findings: readonly DocumentFinding[]): readonly DocumentFinding[] => {
  const seen = new Set<string>();
  return findings.filter((finding) => {
    const key = `${finding.rule} ${pathText(finding.path)} ${finding.message}`;
    return !seen.has(key) && seen.add(key).size > 0;
  });
};
