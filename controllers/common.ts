import type { Condition } from '../lib/base/conditions';
import { CONDITION, conditionsOf, SPEC_SOUND } from '../lib/base/conditions';
import type { Refused } from '../lib/base/document';
import { OperatorError } from '../lib/base/errors';
import type { JsonObject } from '../lib/base/json';
import type { LiveObject, Manifest } from '../lib/base/kube-object';
import { refOf, refString } from '../lib/base/kube-object';
import { ANNOTATION, LABEL } from '../lib/base/names';
import type { DesiredChild } from '../synth/child';

/** Set on each Pod that this operator wants, by the Go operator too. A cluster has thousands of other Pods. */
export const OUR_PODS = `${LABEL.createdBy}=weka-operator`;

/** An object of ours that this version reads but does not run. Nothing of it is touched. */
export const notRunYet = (object: LiveObject, what: string): OperatorError =>
  new OperatorError('NotSupportedYet', {
    object: refString(refOf(object)),
    what,
    alternative: 'What another operator made for it keeps running.',
  });

const STANDARD: ReadonlySet<string> = new Set([...Object.values(CONDITION), SPEC_SOUND]);

/** The conditions of `object` that this operator writes: the standard ones and `more`. Those of others are theirs. */
export const ourConditions = (object: LiveObject, ...more: readonly string[]): readonly Condition[] =>
  conditionsOf(object).filter(({ type }) => STANDARD.has(type) || more.includes(type));

/** The rendered manifests as children: a construct marks each with its role and slot. `because`: why each is wanted. */
export const childrenFrom = (
  manifests: readonly Manifest[],
  because: (role: string, slot: string) => string,
): DesiredChild[] =>
  manifests.map((manifest) => {
    const role = manifest.metadata.labels?.[LABEL.childRole] ?? '';
    const slot = manifest.metadata.annotations?.[ANNOTATION.childSlot] ?? '';
    return { role, slot, manifest, because: because(role, slot) };
  });

/** The named properties that are there: absent stays absent. */
export const pick = <T extends object, K extends keyof T>(
  from: T,
  keys: readonly K[],
): { [P in K]?: NonNullable<T[P]> } =>
  Object.fromEntries(keys.flatMap((key) => (from[key] === undefined ? [] : [[key, from[key]]]))) as {
    [P in K]?: NonNullable<T[P]>;
  };

/** The body of what an agent has told; `undefined`: nothing, or nothing that can be read. */
export const toldBody = <T>(
  document: { readonly body: JsonObject } | undefined,
  read: (body: JsonObject) => { readonly body: T } | Refused,
): T | undefined => {
  const result = document === undefined ? undefined : read(document.body);
  return result !== undefined && 'body' in result ? result.body : undefined;
};
