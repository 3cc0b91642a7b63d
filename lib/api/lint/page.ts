import { KINDS } from '../kinds';
import type { LintRule } from './rule';
import { LINT_RULES } from './rules';

/** Findings that come from reading and from the schemas; their ids are API like those of the table. */
const OTHER: readonly (readonly [string, string])[] = [
  ['file-unreadable', 'A path that does not exist or may not be read, or a directory without manifests.'],
  ['file-too-large', 'A file above 10 MB.'],
  ['file-not-text', 'A file that is not UTF-8 text.'],
  ['file-empty', 'A file without an object.'],
  ['yaml-invalid', 'Text that is not YAML, a key written twice, or a document that is not an object.'],
  ['unknown-field', 'A field that the kind does not have, with the one that was probably meant.'],
  ['wrong-type', 'A value of another type: text where a number belongs, and so on.'],
  ['required', 'A missing field that the kind needs.'],
  ['enum', 'A value that is none of the allowed words.'],
  ['pattern', 'Text of another form than the field has.'],
  ['format', 'Text that is not a time, an address or whatever the field holds.'],
  ['bounds', 'A number, a text or a list beyond its bounds.'],
  ['label', 'A key or value that no label or annotation can have.'],
  ['duplicate-item', 'Two entries of a list under one key.'],
  ['built-in-schema', 'A field, type or word that a built-in kind (Service, Secret, DaemonSet, …) does not have.'],
];

const kindsText = (rule: LintRule): string => {
  if (rule.kinds === 'all') return 'every document';
  return rule.kinds === 'ours' ? 'all our kinds' : rule.kinds.join(', ');
};

const ruleText = (rule: LintRule): string =>
  `### ${rule.id}\n\n*${rule.severity}; ${kindsText(rule)}*\n\n${rule.finds} ${rule.why}\n`;

const kindRules = (): string =>
  KINDS.flatMap(({ kind, rules }) =>
    rules.map(
      (rule) =>
        `| ${rule.id} | ${kind} | ${rule.message.replaceAll('|', '\\|')} |${rule.transition === true ? ' update |' : ' always |'}`,
    ),
  ).join('\n');

/** docs/lint.md, made from the tables; a test holds the file against it. */
export const lintPage =
  (): string => `<!-- Generated from the tables in lib/api/lint: change those, then run npm run docs. -->

# What lint finds

\`weka-operator lint -f FILE\` reads files, directories and standard input, and says for each mistake where it is, what is
wrong and what to do. An *error* is refused by the API server or cannot do its job; \`synth\` and \`plan\` refuse it as well.
A *warning* works, but hardly as meant.

With \`-o json\` the result is an array of
\`{file, line, document, kind, name, field, rule, severity, message, remedy}\`. Rule ids never change.

## Rules

${LINT_RULES.map(ruleText).join('\n')}
## From reading and from the schemas

All of these are errors.

| rule | finds |
|---|---|
${OTHER.map(([id, finds]) => `| ${id} | ${finds} |`).join('\n')}

## Rules of the kinds

The API server checks these too (as CEL); they are errors. Those marked *update* compare with the stored object, so that
only the API server can judge them.

| rule | kind | says | when |
|---|---|---|---|
${kindRules()}
`;
