import type { JsonObject } from '../../base/json';
import { isJsonObject } from '../../base/json';
import { API_VERSION, GROUP } from '../kind';
import { closest } from './closest';
import type { LintContext, LintRule, RuleFinding } from './rule';
import { kindOf, nameOf, namespaceOf, OUR_KINDS, textAt, when } from './rule';

const DNS_SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const DNS_LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const NAME_REMEDY = 'Use lower-case letters, digits, "-" and ".", beginning and ending with a letter or digit.';

/** `Kind/namespace/name` for comparing documents: two with the same text are the same object. */
const identity = (object: JsonObject): string => {
  const group = (textAt(object, ['apiVersion']) ?? '').replace(/\/?[^/]*$/, '');
  return [group, kindOf(object), namespaceOf(object), nameOf(object)].join('/');
};

const duplicateOf = (object: JsonObject, context: LintContext): string | undefined => {
  const own = identity(object);
  const first = context.documents.find(
    (document) => nameOf(document.object) !== '' && identity(document.object) === own,
  );
  return first === undefined || first === context.document ? undefined : first.where;
};

const checkApiVersion = (object: JsonObject): readonly RuleFinding[] => {
  const written = textAt(object, ['apiVersion']);
  return when(written !== API_VERSION, () => ({
    path: ['apiVersion'],
    message: `${kindOf(object)} has the apiVersion ${written === undefined ? 'missing' : `"${written}"`}; no server knows it by that.`,
    remedy: `Write apiVersion: ${API_VERSION}.`,
  }));
};

const checkKind = (object: JsonObject): readonly RuleFinding[] => {
  const kind = kindOf(object);
  if (kind === '')
    return [
      {
        path: ['kind'],
        message: 'The document has no kind.',
        remedy: 'Write apiVersion, kind and metadata.name, or remove the document.',
      },
    ];
  const apiVersion = textAt(object, ['apiVersion']);
  if (apiVersion === undefined && !(OUR_KINDS as readonly string[]).includes(kind))
    return [
      { path: ['apiVersion'], message: `${kind} has no apiVersion.`, remedy: 'Write the apiVersion of the kind.' },
    ];
  const ours = apiVersion?.startsWith(`${GROUP}/`) === true && !(OUR_KINDS as readonly string[]).includes(kind);
  const meant = closest(kind, OUR_KINDS);
  return when(ours, () => ({
    path: ['kind'],
    message: `${GROUP} has no kind "${kind}".`,
    remedy: meant === undefined ? `Use one of ${OUR_KINDS.join(', ')}.` : `Did you mean ${meant}?`,
  }));
};

const checkName = (object: JsonObject): readonly RuleFinding[] => {
  const metadata = object['metadata'];
  const name = isJsonObject(metadata) ? metadata['name'] : undefined;
  const generated = isJsonObject(metadata) && metadata['generateName'] !== undefined;
  return when((name === undefined || name === '' || name === null) && !generated, () => ({
    path: ['metadata', 'name'],
    message: `${kindOf(object) || 'The document'} has no name.`,
    remedy: 'Write metadata.name.',
  }));
};

const checkNameShape = (object: JsonObject): readonly RuleFinding[] => {
  const name = nameOf(object);
  const namespace = textAt(object, ['metadata', 'namespace']);
  return [
    ...when(name !== '' && (!DNS_SUBDOMAIN.test(name) || name.length > 253), () => ({
      path: ['metadata', 'name'],
      message: `"${name}" is not a name that Kubernetes accepts.`,
      remedy: NAME_REMEDY,
    })),
    ...when(namespace !== undefined && (!DNS_LABEL.test(namespace) || namespace.length > 63), () => ({
      path: ['metadata', 'namespace'],
      message: `"${namespace}" is not a namespace that Kubernetes accepts.`,
      remedy: 'Use at most 63 lower-case letters, digits and "-", beginning and ending with a letter or digit.',
    })),
  ];
};

/** Rules about what an object is: kind, apiVersion, name. */
export const identityRules: readonly LintRule[] = [
  {
    id: 'wrong-api-version',
    severity: 'error',
    kinds: 'ours',
    finds: `One of our kinds under another group or version than ${API_VERSION}, such as weka.io/v1alpha1 or weka.weka.io/v1.`,
    why: 'The API server answers "no matches for kind"; some published pages show the wrong group or version.',
    check: checkApiVersion,
  },
  {
    id: 'unknown-kind',
    severity: 'error',
    kinds: 'all',
    finds: 'A document without kind or apiVersion, or a kind that our group does not have.',
    why: 'Nothing can be done with it.',
    check: checkKind,
  },
  {
    id: 'missing-name',
    severity: 'error',
    kinds: 'all',
    finds: 'An object without metadata.name.',
    why: 'It cannot be applied, found again or compared.',
    check: checkName,
  },
  {
    id: 'generate-name',
    severity: 'error',
    kinds: 'ours',
    finds: 'metadata.generateName.',
    why: 'Every apply would make another object, and a storage cluster under a new name is a new, empty cluster.',
    check: (object) =>
      when(textAt(object, ['metadata', 'generateName']) !== undefined, () => ({
        path: ['metadata', 'generateName'],
        message: 'A generated name makes a new object at every apply.',
        remedy: 'Write metadata.name instead.',
      })),
  },
  {
    id: 'invalid-name',
    severity: 'error',
    kinds: 'ours',
    finds: 'A name or namespace that is not a DNS name.',
    why: 'The API server refuses it.',
    check: checkNameShape,
  },
  {
    id: 'duplicate-object',
    severity: 'error',
    kinds: 'all',
    finds: 'The same kind, namespace and name given twice, in one file or in two.',
    why: 'The one applied last wins in silence.',
    check: (object, context) => {
      const first = nameOf(object) === '' ? undefined : duplicateOf(object, context);
      return when(first !== undefined, () => ({
        path: ['metadata', 'name'],
        message: `${kindOf(object)} "${nameOf(object)}" was already given in ${first}.`,
        remedy: 'Keep one of them.',
      }));
    },
  },
];
