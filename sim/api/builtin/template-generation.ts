import type { KubeObject } from '../../../lib/base/kube-object';
import { sameJson } from '../../../synth/json-equal';

const ANNOTATION = 'deprecated.daemonset.template.generation';

/** A DaemonSet with the annotation in which the server counts the versions of its template. */
export const templateGeneration = <T extends KubeObject>(object: T, old: KubeObject | undefined): T => {
  if (object.kind !== 'DaemonSet' || object.apiVersion !== 'apps/v1') return object;
  const before = Number(old?.metadata.annotations?.[ANNOTATION] ?? 0);
  const count = old !== undefined && sameJson(object.spec?.template, old.spec?.template) ? before : before + 1;
  if (object.metadata.annotations?.[ANNOTATION] === String(count)) return object;
  const annotations = { ...object.metadata.annotations, [ANNOTATION]: String(count) };
  return { ...object, metadata: { ...object.metadata, annotations } };
};
