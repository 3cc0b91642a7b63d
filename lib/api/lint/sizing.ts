import type { JsonObject } from '../../base/json';
import type { Path } from './path';
import { valueAt } from './path';
import type { LintRule, RuleFinding } from './rule';
import { numberAt, when } from './rule';

const oneOfNumbers = (
  object: JsonObject,
  path: Path,
  allowed: readonly number[],
  remedy: string,
): readonly RuleFinding[] => {
  const value = numberAt(object, path);
  return when(value !== undefined && !allowed.includes(value), () => ({
    path,
    message: `${String(path.at(-1))} ${value} is not supported.`,
    remedy,
  }));
};

const range = (low: number, high: number): readonly number[] =>
  Array.from({ length: high - low + 1 }, (_, index) => low + index);

const checkStripe = (object: JsonObject): readonly RuleFinding[] =>
  oneOfNumbers(object, ['spec', 'stripeWidth'], range(3, 16), 'Use 3 to 16 data blocks a stripe.');

const checkRedundancy = (object: JsonObject): readonly RuleFinding[] =>
  oneOfNumbers(object, ['spec', 'redundancyLevel'], [2, 4], 'Use 2 or 4 parity blocks a stripe.');

const checkRafts = (object: JsonObject): readonly RuleFinding[] =>
  ['leadershipRaftSize', 'bucketRaftSize'].flatMap((key) => oneOfNumbers(object, ['spec', key], [5, 9], 'Use 5 or 9.'));

const checkSmbw = (object: JsonObject): readonly RuleFinding[] =>
  oneOfNumbers(
    object,
    ['spec', 'dynamicTemplate', 'smbwContainers'],
    [0, ...range(3, 8)],
    'Use 3 to 8 SMB-W containers, or none.',
  );

const checkHotSpare = (object: JsonObject): readonly RuleFinding[] =>
  when((numberAt(object, ['spec', 'hotSpare']) ?? 0) === 0, () => ({
    path: ['spec', 'hotSpare'],
    message: 'No hot spare: after the first failure there may be no room to rebuild.',
    remedy: 'Set spec.hotSpare to 1 or more for clusters that hold data.',
  }));

const checkStripeFits = (object: JsonObject): readonly RuleFinding[] => {
  const stripe = numberAt(object, ['spec', 'stripeWidth']);
  const parity = numberAt(object, ['spec', 'redundancyLevel']) ?? 2;
  const spare = numberAt(object, ['spec', 'hotSpare']) ?? 0;
  const containers = numberAt(object, ['spec', 'dynamicTemplate', 'driveContainers']) ?? 6;
  return when(stripe !== undefined && stripe + parity + spare > containers, () => ({
    path: ['spec', 'stripeWidth'],
    message: `stripeWidth ${stripe} + redundancyLevel ${parity} + hotSpare ${spare} need ${(stripe ?? 0) + parity + spare} drive containers; there are ${containers}.`,
    remedy: 'Raise spec.dynamicTemplate.driveContainers or lower spec.stripeWidth.',
  }));
};

const checkEnvoy = (object: JsonObject): readonly RuleFinding[] => {
  const s3 = numberAt(object, ['spec', 'dynamicTemplate', 's3Containers']) ?? 0;
  const envoy = numberAt(object, ['spec', 'dynamicTemplate', 'envoyCores']);
  return when(s3 > 0 && envoy !== undefined && envoy < 1, () => ({
    path: ['spec', 'dynamicTemplate', 'envoyCores'],
    message: `${s3} S3 containers need envoy containers, and those need at least one core.`,
    remedy: 'Set spec.dynamicTemplate.envoyCores to 1 or more, or leave it out.',
  }));
};

const isSet = (object: JsonObject, ...path: string[]): boolean => {
  const value = valueAt(object, path);
  return value !== undefined && value !== null && value !== 0;
};

const checkTwoCapacities = (object: JsonObject): readonly RuleFinding[] => {
  const both =
    isSet(object, 'spec', 'dynamicTemplate', 'driveCapacity') &&
    isSet(object, 'spec', 'dynamicTemplate', 'containerCapacity');
  return when(both, () => ({
    path: ['spec', 'dynamicTemplate', 'containerCapacity'],
    message: 'driveCapacity and containerCapacity say the capacity in two ways.',
    remedy: 'Keep driveCapacity (GiB a drive) or containerCapacity (GiB a container).',
  }));
};

/** Rules about numbers of a cluster. */
export const sizingRules: readonly LintRule[] = [
  {
    id: 'stripe-width',
    severity: 'error',
    kinds: ['WekaCluster'],
    finds: 'spec.stripeWidth outside 3 to 16.',
    why: 'The cluster could not be formed.',
    check: checkStripe,
  },
  {
    id: 'redundancy-level',
    severity: 'error',
    kinds: ['WekaCluster'],
    finds: 'spec.redundancyLevel other than 2 or 4.',
    why: 'The cluster could not be formed.',
    check: checkRedundancy,
  },
  {
    id: 'raft-size',
    severity: 'error',
    kinds: ['WekaCluster'],
    finds: 'spec.leadershipRaftSize or bucketRaftSize other than 5 or 9.',
    why: 'The cluster could not be formed.',
    check: checkRafts,
  },
  {
    id: 'smbw-containers',
    severity: 'error',
    kinds: ['WekaCluster'],
    finds: 'spec.dynamicTemplate.smbwContainers outside 3 to 8.',
    why: 'SMB-W could not be formed.',
    check: checkSmbw,
  },
  {
    id: 'hot-spare',
    severity: 'warning',
    kinds: ['WekaCluster'],
    finds: 'spec.hotSpare 0, written or by default.',
    why: 'It fits test clusters only.',
    check: checkHotSpare,
  },
  {
    id: 'stripe-fits',
    severity: 'warning',
    kinds: ['WekaCluster'],
    finds: 'A stripe (data, parity and spare) wider than the number of drive containers.',
    why: 'The cluster waits for containers that never come.',
    check: checkStripeFits,
  },
  {
    id: 's3-needs-envoy',
    severity: 'error',
    kinds: ['WekaCluster'],
    finds: 'S3 containers together with envoyCores 0.',
    why: 'Each S3 container is reached through an envoy container on its node.',
    check: checkEnvoy,
  },
  {
    id: 'capacity-said-twice',
    severity: 'warning',
    kinds: ['WekaCluster'],
    finds: 'driveCapacity and containerCapacity together.',
    why: 'They exclude each other.',
    check: checkTwoCapacities,
  },
];
