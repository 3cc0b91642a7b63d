import type { JsonObject } from '../../base/json';
import { placeholderIn } from './placeholders';
import type { LintContext, LintRule, RuleFinding } from './rule';
import { kindOf, nameOf, namespaceOf, textAt, textsAt, when } from './rule';

/** The parts of an image reference. */
export const imageParts = (
  image: string,
): { readonly tag: string | undefined; readonly digest: string | undefined } => {
  const [reference = '', digest] = image.split('@');
  const last = reference.slice(reference.lastIndexOf('/') + 1);
  const colon = last.indexOf(':');
  return { tag: colon < 0 ? undefined : last.slice(colon + 1), digest };
};

/** The WEKA version at the start of an image's tag, as numbers; undefined when there is none. */
export const imageVersion = (image: string): readonly number[] | undefined => {
  const match = /^\d+(\.\d+)+/.exec(imageParts(image).tag ?? '');
  return match?.[0].split('.').map(Number);
};

/** Negative, zero or positive as `left` is older, the same or newer; missing parts count as zero. */
export const compareVersions = (left: readonly number[], right: readonly number[]): number => {
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
};

const imagesOf = (object: JsonObject) => {
  const image = textAt(object, ['spec', 'image']);
  const own = image === undefined || image === '' ? [] : [{ path: ['spec', 'image'] as const, value: image }];
  return [...own, ...textsAt(object, ['spec', 'payload', 'driverDistPayload', 'ensureImages'])].filter(
    ({ value }) => placeholderIn(value) === undefined,
  );
};

const REMEDY =
  'Write the version as the tag, such as REGISTRY/weka-in-container:4.4.5.118-k8s.4; a digest may follow it.';

const checkTag = (object: JsonObject): readonly RuleFinding[] =>
  imagesOf(object).flatMap(({ path, value }) => {
    const { tag, digest } = imageParts(value);
    const problem =
      tag === 'latest'
        ? 'moves: "latest" is another version on each node'
        : 'has no tag: the version is unknown and may differ between nodes';
    return when(digest === undefined && (tag === undefined || tag === 'latest'), () => ({
      path,
      message: `"${value}" ${problem}.`,
      remedy: REMEDY,
    }));
  });

const VERSIONED = ['WekaCluster', 'WekaClient'];

const checkVersion = (object: JsonObject): readonly RuleFinding[] =>
  imagesOf(object).flatMap(({ path, value }) => {
    const { tag, digest } = imageParts(value);
    const unreadable =
      (tag !== undefined || digest !== undefined) && tag !== 'latest' && imageVersion(value) === undefined;
    return when(unreadable && VERSIONED.includes(kindOf(object)), () => ({
      path,
      message: `No WEKA version can be read from "${value}": drivers and upgrades are decided by it.`,
      remedy: REMEDY,
    }));
  });

const checkDigest = (object: JsonObject): readonly RuleFinding[] =>
  imagesOf(object).flatMap(({ path, value }) => {
    const { digest } = imageParts(value);
    return when(digest !== undefined && !/^sha256:[0-9a-f]{64}$/.test(digest), () => ({
      path,
      message: `"@${digest}" is not a digest: it must be sha256: and 64 hexadecimal digits.`,
      remedy: 'Copy the digest again, or leave it out.',
    }));
  });

const clusterOf = (object: JsonObject, context: LintContext): JsonObject | undefined => {
  const name = textAt(object, ['spec', 'targetCluster', 'name']);
  const namespace = textAt(object, ['spec', 'targetCluster', 'namespace']) ?? namespaceOf(object);
  return context.documents
    .map((document) => document.object)
    .find((other) => kindOf(other) === 'WekaCluster' && nameOf(other) === name && namespaceOf(other) === namespace);
};

const checkNewer = (object: JsonObject, context: LintContext): readonly RuleFinding[] => {
  const cluster = clusterOf(object, context);
  const client = imageVersion(textAt(object, ['spec', 'image']) ?? '');
  const backend = imageVersion(cluster === undefined ? '' : (textAt(cluster, ['spec', 'image']) ?? ''));
  if (cluster === undefined || client === undefined || backend === undefined) return [];
  return when(compareVersions(client, backend) > 0, () => ({
    path: ['spec', 'image'],
    message: `The client (${client.join('.')}) is newer than its cluster ${nameOf(cluster)} (${backend.join('.')}).`,
    remedy: 'Upgrade the cluster first; clients may be as old as the cluster, never newer.',
  }));
};

const checkSigning = (object: JsonObject): readonly RuleFinding[] => {
  const image = textAt(object, ['spec', 'image']) ?? '';
  const signs = [textAt(object, ['spec', 'type']), textAt(object, ['spec', 'action'])].includes('sign-drives');
  return when(signs && image.includes('weka-in-container'), () => ({
    path: ['spec', 'image'],
    message: 'Drives are signed by an image of the operator; weka-in-container is refused for it.',
    remedy: 'Leave spec.image out.',
  }));
};

/** Rules about images and versions. */
export const imageRules: readonly LintRule[] = [
  {
    id: 'image-tag',
    severity: 'warning',
    kinds: 'ours',
    finds: 'An image without a tag, or with the tag latest.',
    why: 'Two nodes may run different versions, and no driver can be chosen.',
    check: checkTag,
  },
  {
    id: 'image-version',
    severity: 'warning',
    kinds: VERSIONED,
    finds: 'An image whose tag does not begin with a version, or a digest without a tag.',
    why: 'Drivers, upgrades and the comparison with clients need the version.',
    check: checkVersion,
  },
  {
    id: 'image-digest',
    severity: 'error',
    kinds: 'ours',
    finds: 'A malformed digest after @.',
    why: 'No node can pull such an image.',
    check: checkDigest,
  },
  {
    id: 'client-newer-than-cluster',
    severity: 'warning',
    kinds: ['WekaClient'],
    finds: 'A client whose version is newer than that of its cluster, when both are among the files.',
    why: 'A newer client cannot join.',
    check: checkNewer,
  },
  {
    id: 'sign-drives-image',
    severity: 'warning',
    kinds: ['WekaPolicy', 'WekaManualOperation'],
    finds: 'weka-in-container as the image of sign-drives.',
    why: 'The operation fails with it; some published examples show it.',
    check: checkSigning,
  },
];
