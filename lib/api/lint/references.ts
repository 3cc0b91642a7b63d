import type { JsonObject } from '../../base/json';
import type { LintContext, LintRule, RuleFinding } from './rule';
import { kindOf, nameOf, namespaceOf, textAt, when } from './rule';

const secretOf = (object: JsonObject): string | undefined => {
  const written = textAt(object, ['spec', 'wekaSecretRef']);
  const target = textAt(object, ['spec', 'targetCluster', 'name']);
  return written !== undefined && written !== '' ? written : target === undefined ? undefined : `weka-client-${target}`;
};

const secretNamespaces = (name: string, context: LintContext): readonly string[] =>
  context.documents
    .filter(({ object }) => kindOf(object) === 'Secret' && nameOf(object) === name)
    .map(({ object }) => namespaceOf(object));

/** Where the Secret will be: as given among the documents, else where the operator makes it (the cluster's namespace). */
const whereSecretIs = (object: JsonObject, name: string, context: LintContext): readonly string[] => {
  const given = secretNamespaces(name, context);
  if (given.length > 0) return given;
  const target = textAt(object, ['spec', 'targetCluster', 'name']);
  const namespace = textAt(object, ['spec', 'targetCluster', 'namespace']);
  return target !== undefined && namespace !== undefined && name === `weka-client-${target}` ? [namespace] : [];
};

const checkSecret = (object: JsonObject, context: LintContext): readonly RuleFinding[] => {
  const name = secretOf(object);
  if (name === undefined) return [];
  const found = whereSecretIs(object, name, context);
  return when(found.length > 0 && !found.includes(namespaceOf(object)), () => ({
    path:
      textAt(object, ['spec', 'wekaSecretRef']) === undefined
        ? ['spec', 'targetCluster', 'namespace']
        : ['spec', 'wekaSecretRef'],
    message: `The Secret ${name} is in namespace ${found[0]}, the client in ${namespaceOf(object)}: its Pods can't mount it.`,
    remedy: `Copy the Secret into namespace ${namespaceOf(object)}, or put the client into ${found[0]}.`,
  }));
};

const checkTarget = (object: JsonObject, context: LintContext): readonly RuleFinding[] => {
  const name = textAt(object, ['spec', 'targetCluster', 'name']);
  const namespace = textAt(object, ['spec', 'targetCluster', 'namespace']) ?? namespaceOf(object);
  const sameName = context.documents.filter(
    (document) => kindOf(document.object) === 'WekaCluster' && nameOf(document.object) === name,
  );
  return when(sameName.length > 0 && !sameName.some((document) => namespaceOf(document.object) === namespace), () => ({
    path: ['spec', 'targetCluster', 'namespace'],
    message: `WekaCluster ${name} is in namespace ${namespaceOf(sameName[0]?.object ?? {})}, not in ${namespace}.`,
    remedy: 'Correct spec.targetCluster.namespace.',
  }));
};

/** Rules about objects that name one another. */
export const referenceRules: readonly LintRule[] = [
  {
    id: 'client-secret-namespace',
    severity: 'warning',
    kinds: ['WekaClient'],
    finds:
      'A WekaClient whose Secret is in another namespace: given so among the files, or made there because the cluster lives there.',
    why: 'A Pod mounts Secrets of its own namespace only; a published page shows the two apart.',
    check: checkSecret,
  },
  {
    id: 'client-target-namespace',
    severity: 'warning',
    kinds: ['WekaClient'],
    finds: 'A WekaClient whose target is among the files, but in another namespace.',
    why: 'The client waits for a cluster that never appears.',
    check: checkTarget,
  },
];
