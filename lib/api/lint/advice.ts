import type { KubeObject } from '../../base/kube-object';
import type { JsonObject } from '../../base/json';
import { lintDocument } from './lint';
import { pathText } from './path';
import { isOurs } from './rule';

/** What the linter would say to whoever wrote an object that lives in a cluster. */
export interface Advice {
  /** CamelCase, from the id of the first rule: `ClientJoinsNothing`. */
  readonly reason: string;
  /** Every finding: field, what is wrong, what to do. */
  readonly message: string;
}

/** Findings named in a message; more are counted. */
const NAMED = 3;

/**
 * The linter's findings on one object of ours, for a condition: rules that today's CRDs lack refuse nothing, but somebody
 * should hear of them. `undefined`: nothing to say. Pure; equal objects give equal texts.
 */
export const adviceOn = (object: KubeObject): Advice | undefined => {
  const document = { object: asWritten(object), where: '' };
  if (!isOurs(document.object)) return undefined;
  const findings = lintDocument(document, [document], () => []);
  const [first] = findings;
  if (first === undefined) return undefined;
  const named = findings.slice(0, NAMED).map(({ path, message, remedy }) => `${pathText(path)}: ${message} ${remedy}`);
  const more = findings.length > NAMED ? [`And ${findings.length - NAMED} more: run weka-operator lint.`] : [];
  return { reason: camelCase(first.rule), message: [...named, ...more].join(' ') };
};

/** What a user wrote of it: the linter has no business with the server's fields or with the status. */
const asWritten = ({ apiVersion, kind, metadata, spec }: KubeObject): JsonObject => {
  const { name, namespace, labels, annotations } = metadata;
  return JSON.parse(
    JSON.stringify({ apiVersion, kind, metadata: { name, namespace, labels, annotations }, spec }),
  ) as JsonObject;
};

const camelCase = (id: string): string =>
  id.replace(/(^|-)(\w)/g, (_match, _dash, letter: string) => letter.toUpperCase());
