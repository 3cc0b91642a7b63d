import type { KubeObject } from '../../lib/base/kube-object';
import { groupOf } from '../../lib/base/kube-object';
import { GROUP } from '../../lib/api/kind';

/** Groups whose kinds nobody else has. */
const familiar = (group: string): boolean => group === GROUP || !group.includes('.') || group.endsWith('.k8s.io');

/** Characters that some file system refuses, as %XX. */
const safe = (text: string): string =>
  text.replaceAll(/[^A-Za-z0-9._-]/g, (character) => encodeURIComponent(character).replaceAll('*', '%2A'));

/** `namespace/kind-name.yaml`; a kind of an unfamiliar group carries its group: `kind.group-name.yaml`. Equal objects, equal names. */
export const fileName = (object: KubeObject): string => {
  const group = groupOf(object.apiVersion);
  const kind = object.kind.toLowerCase();
  const file = `${familiar(group) ? kind : `${kind}.${group}`}-${safe(object.metadata.name)}.yaml`;
  return object.metadata.namespace === undefined ? file : `${safe(object.metadata.namespace)}/${file}`;
};
