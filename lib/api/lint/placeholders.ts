import type { JsonObject } from '../../base/json';
import type { Path } from './path';
import { scalars } from './path';
import type { LintRule, RuleFinding } from './rule';

/** Shapes that no value of ours can have: angle brackets, unexpanded variables, template actions. */
const SHAPES = [/<[A-Za-z][\w .:/-]*>/, /\$\{[^}]*\}/, /\$[A-Za-z_]\w*/, /\{\{.*?\}\}/];

/** Words that published manifests leave to be replaced. */
const WORDS =
  /(?<![A-Za-z0-9_])(QUAY_SECRET_KEY|WEKA_IMAGE_VERSION_TAG|WEKA_IMAGE_PLACEHOLDER|WEKA_OPERATOR_VERSION|WEKA_VERSION|CLUSTER_NAME|CLUSTER_NAMESPACE|NAMESPACE|WILL_BE_REPLACED|CHANGE_?ME|REPLACE_?ME|REPLACE_WITH_\w+|SAME_VALUE_\w+|YOUR_\w+|TODO|FIXME|PLACEHOLDER)(?![A-Za-z0-9_])/;

/** Anything else in capitals with an underscore: perhaps meant so. */
const SUSPECT = /(?<![A-Za-z0-9_])[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+(?![A-Za-z0-9_])/;

/** Scripts, environments and annotations hold such words by right. */
const FREE_TEXT = /script|env|args|command|annotations|payloadString|instructions/i;
const isFreeText = (path: Path, value: string): boolean =>
  value.includes('\n') || path.some((part) => typeof part === 'string' && FREE_TEXT.test(part));

/** The placeholder in `value`, if there is one for certain. */
export const placeholderIn = (value: string): string | undefined => {
  for (const shape of [...SHAPES, WORDS]) {
    const match = shape.exec(value);
    if (match !== null) return match[0];
  }
  return undefined;
};

const remedyFor = (path: Path): string => {
  const last = String(path.at(-1));
  if (last === 'imagePullSecret')
    return 'Write the name of the Secret that holds the credential of the image registry.';
  if (last === 'image' || path.at(-2) === 'ensureImages')
    return 'Write the whole image with its version tag, such as REGISTRY/weka-in-container:4.4.5.118-k8s.4.';
  if (last === 'name' || last === 'namespace') return `Write the real ${last}: lower-case letters, digits and "-".`;
  if (path.includes('nodeSelector'))
    return 'Write the labels of the nodes that are meant: kubectl get nodes --show-labels.';
  return 'Replace it by the real value before applying.';
};

const texts = function* (object: JsonObject): Generator<{ path: Path; value: string }> {
  for (const part of ['metadata', 'spec']) {
    for (const { path, value } of scalars(object[part], [part])) {
      if (typeof value === 'string' && !isFreeText(path, value)) yield { path, value };
    }
  }
};

const finding = (path: Path, value: string, placeholder: string): RuleFinding => ({
  path,
  message:
    placeholder === value
      ? `"${value}" is a placeholder that was never filled in.`
      : `"${value}" still holds the placeholder ${placeholder}.`,
  remedy: remedyFor(path),
});

const check = (object: JsonObject): readonly RuleFinding[] =>
  [...texts(object)].flatMap(({ path, value }) => {
    const placeholder = placeholderIn(value);
    return placeholder === undefined ? [] : [finding(path, value, placeholder)];
  });

const checkSuspects = (object: JsonObject): readonly RuleFinding[] =>
  [...texts(object)].flatMap(({ path, value }) => {
    const word = placeholderIn(value) === undefined ? SUSPECT.exec(value)?.[0] : undefined;
    return word === undefined
      ? []
      : [{ path, message: `"${word}" looks like a placeholder.`, remedy: remedyFor(path) }];
  });

/** Rules about text that somebody was to replace. */
export const placeholderRules: readonly LintRule[] = [
  {
    id: 'placeholder',
    severity: 'error',
    kinds: 'ours',
    finds:
      'Text left to be replaced: <…>, $name, {{ … }}, and words such as QUAY_SECRET_KEY, WEKA_IMAGE_VERSION_TAG, CLUSTER_NAME, WILL_BE_REPLACED.',
    why: 'It was copied from a page; an image or Secret of that name does not exist.',
    check,
  },
  {
    id: 'placeholder-suspected',
    severity: 'warning',
    kinds: 'ours',
    finds: 'Other words in capitals with underscores, outside scripts, environments and annotations.',
    why: 'Such a word is more often a placeholder than a value.',
    check: checkSuspects,
  },
];
