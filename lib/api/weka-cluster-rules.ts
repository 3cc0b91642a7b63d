import type { JsonObject, JsonValue } from '../base/json';
import { isJsonObject } from '../base/json';
import type { Rule } from './kind';

/**
 * Rules across fields of a WekaCluster. The first seven are WEKA's own. The transition rules protect data: what they
 * forbid WEKA cannot do to a formed cluster. Each allows a value where there was none, so that objects of existing
 * operators can be taken over, and each holds when nothing changes, so that writes of status and finalizers pass.
 */

const numberAt = (object: JsonObject | undefined, key: string): number => {
  const value = object?.[key];
  return typeof value === 'number' ? value : 0;
};
const objectAt = (object: JsonObject | undefined, key: string): JsonObject | undefined => {
  const value = object?.[key];
  return isJsonObject(value) ? value : undefined;
};
const listAt = (object: JsonObject | undefined, key: string): readonly JsonValue[] => {
  const value = object?.[key];
  return Array.isArray(value) ? value : [];
};
const has = (object: JsonObject, key: string): boolean => object[key] !== undefined;

const template: readonly Rule[] = [
  {
    id: 'drive-capacity-xor-ratio',
    path: 'spec.dynamicTemplate',
    cel: 'self.?driveCapacity.orValue(0) == 0 || !has(self.driveTypesRatio)',
    message:
      'driveCapacity gives TLC only, so driveTypesRatio cannot apply: remove driveTypesRatio, or size by containerCapacity.',
    holds: (self) => numberAt(self, 'driveCapacity') === 0 || !has(self, 'driveTypesRatio'),
  },
  {
    id: 'drive-for-each-core',
    path: 'spec.dynamicTemplate',
    cel: 'self.?driveCapacity.orValue(0) == 0 || self.?numDrives.orValue(0) == 0 || self.?driveCores.orValue(0) <= self.?numDrives.orValue(0)',
    message:
      'With driveCapacity each drive core needs a virtual drive: raise numDrives to driveCores, or lower driveCores.',
    holds: (self) =>
      numberAt(self, 'driveCapacity') === 0 ||
      numberAt(self, 'numDrives') === 0 ||
      numberAt(self, 'driveCores') <= numberAt(self, 'numDrives'),
  },
  {
    id: 'drives-xor-container-capacity',
    path: 'spec.dynamicTemplate',
    cel: 'self.?numDrives.orValue(0) == 0 || self.?containerCapacity.orValue(0) == 0',
    message: 'numDrives and containerCapacity are two ways of sizing: remove one of them.',
    holds: (self) => numberAt(self, 'numDrives') === 0 || numberAt(self, 'containerCapacity') === 0,
  },
  {
    id: 'container-capacity-positive',
    path: 'spec.dynamicTemplate',
    cel: '!has(self.containerCapacity) || self.containerCapacity > 0',
    message: 'containerCapacity must be greater than 0: give it in GiB, or remove it.',
    holds: (self) => !has(self, 'containerCapacity') || numberAt(self, 'containerCapacity') > 0,
  },
  {
    id: 'drive-capacity-positive',
    path: 'spec.dynamicTemplate',
    cel: '!has(self.driveCapacity) || self.driveCapacity > 0',
    message: 'driveCapacity must be greater than 0: give it in GiB, or remove it.',
    holds: (self) => !has(self, 'driveCapacity') || numberAt(self, 'driveCapacity') > 0,
  },
  {
    id: 'ratio-has-tlc',
    path: 'spec.dynamicTemplate',
    cel: '!has(self.driveTypesRatio) || self.driveTypesRatio.?tlc.orValue(0) > 0',
    message: 'driveTypesRatio.tlc must be greater than 0: a cluster of QLC drives alone is not possible.',
    holds: (self) => !has(self, 'driveTypesRatio') || numberAt(objectAt(self, 'driveTypesRatio'), 'tlc') > 0,
  },
];

const nfs: Rule = {
  id: 'one-nfs-interface',
  path: 'spec.nfs',
  cel: '!has(self.interfaces) || self.interfaces.size() <= 1',
  message: 'NFS is served on one interface of a node: leave one in interfaces.',
  holds: (self) => listAt(self, 'interfaces').length <= 1,
};

const NEW_CLUSTER =
  'make a new WekaCluster with the other value, copy the data (weka snapshot to object store), then delete this one';

/** A number that WEKA fixes when the cluster is formed; 0 counts as absent. */
const fixedNumber = (key: string, id: string): Rule => ({
  id,
  path: 'spec',
  transition: true,
  cel: `oldSelf.?${key}.orValue(0) == 0 || self.?${key}.orValue(0) == oldSelf.?${key}.orValue(0)`,
  message: `${key} is fixed once the cluster is formed; to have another: ${NEW_CLUSTER}.`,
  holds: (self, oldSelf) => numberAt(oldSelf, key) === 0 || numberAt(self, key) === numberAt(oldSelf, key),
});

type Sizing = 'container capacity' | 'drive capacity' | 'whole drives' | undefined;
const sizingOf = (spec: JsonObject | undefined): Sizing => {
  const dynamic = objectAt(spec, 'dynamicTemplate');
  if (numberAt(dynamic, 'containerCapacity') > 0) return 'container capacity';
  if (numberAt(dynamic, 'driveCapacity') > 0) return 'drive capacity';
  return numberAt(dynamic, 'numDrives') > 0 ? 'whole drives' : undefined;
};
const at = (side: string, key: string) => `${side}.?dynamicTemplate.?${key}.orValue(0) > 0`;
const sizingMode: Rule = {
  id: 'sizing-mode-fixed',
  path: 'spec',
  transition: true,
  cel:
    `(${at('oldSelf', 'containerCapacity')}) ? (${at('self', 'containerCapacity')})` +
    ` : (${at('oldSelf', 'driveCapacity')}) ? (!(${at('self', 'containerCapacity')}) && ${at('self', 'driveCapacity')})` +
    ` : !(${at('oldSelf', 'numDrives')}) || (!(${at('self', 'containerCapacity')}) && !(${at('self', 'driveCapacity')}))`,
  message: `The way of sizing (numDrives alone, driveCapacity, containerCapacity) is fixed: drives are signed for it. To change it: ${NEW_CLUSTER}.`,
  holds: (self, oldSelf) => {
    const was = sizingOf(oldSelf);
    const is = sizingOf(self);
    return was === undefined || was === is || (was === 'whole drives' && is === undefined);
  },
};

const ipv6: Rule = {
  id: 'ipv6-fixed',
  path: 'spec',
  transition: true,
  cel: '!has(oldSelf.ipv6) || self.?ipv6.orValue(false) == oldSelf.ipv6',
  message: `ipv6 is fixed once the cluster is formed; to have the other: ${NEW_CLUSTER}.`,
  holds: (self, oldSelf) => oldSelf?.['ipv6'] === undefined || (self['ipv6'] ?? false) === oldSelf['ipv6'],
};

const labelOf = (spec: JsonObject | undefined): string => {
  const label = objectAt(spec, 'failureDomain')?.['label'];
  return typeof label === 'string' ? label : '';
};
const labelsOf = (spec: JsonObject | undefined) =>
  JSON.stringify(listAt(objectAt(spec, 'failureDomain'), 'compositeLabels'));
// Not by optional selection (`?.`): the API server then cannot bound the length of strings and refuses the rule as too dear.
const same = (key: string, empty: (value: string) => string) => {
  const [was, is] = [`oldSelf.failureDomain.${key}`, `self.failureDomain.${key}`];
  return `(has(${is}) ? (has(${was}) ? ${is} == ${was} : ${empty(is)}) : (!has(${was}) || ${empty(was)}))`;
};
const none = (key: string, empty: (value: string) => string) =>
  `(!has(oldSelf.failureDomain.${key}) || ${empty(`oldSelf.failureDomain.${key}`)})`;
const emptyText = (value: string) => `${value} == ""`;
const emptyList = (value: string) => `${value}.size() == 0`;
const failureDomain: Rule = {
  id: 'failure-domain-fixed',
  path: 'spec',
  transition: true,
  cel:
    `!has(oldSelf.failureDomain) || (${none('label', emptyText)} && ${none('compositeLabels', emptyList)}) || ` +
    `(has(self.failureDomain) && ${same('label', emptyText)} && ${same('compositeLabels', emptyList)})`,
  message: `failureDomain.label and compositeLabels are fixed: containers keep the failure domain they joined with. To change them: ${NEW_CLUSTER}.`,
  holds: (self, oldSelf) =>
    (labelOf(oldSelf) === '' && labelsOf(oldSelf) === '[]') ||
    (labelOf(self) === labelOf(oldSelf) && labelsOf(self) === labelsOf(oldSelf)),
};

/** Every rule of a WekaCluster. */
export const wekaClusterRules: readonly Rule[] = [
  ...template,
  nfs,
  fixedNumber('stripeWidth', 'stripe-width-fixed'),
  fixedNumber('redundancyLevel', 'redundancy-level-fixed'),
  sizingMode,
  ipv6,
  failureDomain,
];
