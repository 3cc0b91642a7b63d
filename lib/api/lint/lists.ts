import type { JsonObject } from '../../base/json';
import { isJsonObject } from '../../base/json';
import type { Path } from './path';
import { lists, scalars } from './path';
import { placeholderIn } from './placeholders';
import type { LintRule, RuleFinding } from './rule';

/** What tells entries of a list apart; a list of other things has no keys. */
const keyOfItem = (item: unknown): string | undefined => {
  if (typeof item === 'string' || typeof item === 'number') return String(item);
  if (!isJsonObject(item) || typeof item['name'] !== 'string') return undefined;
  return [item['kind'], item['namespace'], item['name'], item['mountPath'], item['subPath']]
    .filter((part) => typeof part === 'string')
    .join('/');
};

const duplicates = (path: Path, items: readonly unknown[]): readonly RuleFinding[] => {
  const first = new Map<string, number>();
  return items.flatMap((item, index) => {
    const key = keyOfItem(item);
    if (key === undefined) return [];
    const earlier = first.get(key);
    if (earlier === undefined) first.set(key, index);
    if (earlier === undefined) return [];
    return [
      {
        path: [...path, index],
        message: `"${key}" is in the list twice: entries ${earlier} and ${index}.`,
        remedy: 'Keep one of them.',
      },
    ];
  });
};

const checkLists = (object: JsonObject): readonly RuleFinding[] =>
  [...lists(object['spec'], ['spec'])].flatMap(({ path, items }) => duplicates(path, items));

const LABEL_VALUE = /^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/;
const LABEL_MAPS = new Set(['labels', 'nodeSelector', 'distNodeSelector', 'nodeSelectors', 'roleNodeSelector']);

const checkLabels = (object: JsonObject): readonly RuleFinding[] =>
  ['metadata', 'spec'].flatMap((part) =>
    [...scalars(object[part], [part])].flatMap(({ path, value }) => {
      const inMap = path.slice(0, -1).some((key) => LABEL_MAPS.has(String(key)));
      if (!inMap || typeof value !== 'string' || placeholderIn(value) !== undefined) return [];
      if (LABEL_VALUE.test(value) && value.length <= 63) return [];
      return [
        {
          path,
          message: `"${value}" is not a label value.`,
          remedy: 'Use at most 63 letters, digits, "-", "_" and ".", beginning and ending with a letter or digit.',
        },
      ];
    }),
  );

/** Rules about lists and maps. */
export const listRules: readonly LintRule[] = [
  {
    id: 'duplicate-list-key',
    severity: 'error',
    kinds: 'ours',
    finds: 'The same name, address or value twice in one list.',
    why: 'Server-side apply refuses duplicate keys, and elsewhere one of them is ignored.',
    check: checkLists,
  },
  {
    id: 'label-value',
    severity: 'error',
    kinds: 'ours',
    finds: 'Values of labels and node selectors that Kubernetes does not accept.',
    why: 'No node can carry such a label, so nothing would be selected.',
    check: checkLabels,
  },
];
