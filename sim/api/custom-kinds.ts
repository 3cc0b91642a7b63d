/** Serves a custom kind for as long as its CustomResourceDefinition exists. */
import type { JsonSchema } from '../../lib/api/json-schema';
import type { Rule } from '../../lib/api/kind';
import type { JsonObject, JsonValue } from '../../lib/base/json';
import { isJsonObject } from '../../lib/base/json';
import type { KubeObject } from '../../lib/base/kube-object';
import { OBJECT_META } from '../../synth/schemas';
import type { Core } from './core';
import type { ServedKind } from './kinds';

const CRD = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' };

/** Twins of the CEL rules of a kind; a CRD itself can't carry them. */
export type RulesOf = (apiVersion: string, kind: string) => readonly Rule[];

/** Keeps the served kinds in step with the CRDs in storage. */
export const serveCustomKinds = (core: Core, rulesOf: RulesOf): void => {
  core.store.subscribe((event) => {
    const removed = event.type === 'DELETED';
    for (const kind of servedBy(event.object, rulesOf)) {
      if (removed) core.kinds.remove(kind);
      else core.kinds.add(kind);
    }
  }, CRD);
};

/** The kinds that a CRD defines: one for each served version. */
export const servedBy = (crd: KubeObject, rulesOf: RulesOf): ServedKind[] => {
  const spec = crd.spec ?? {};
  const names = isJsonObject(spec.names) ? spec.names : {};
  const versions = Array.isArray(spec.versions) ? spec.versions.filter(isJsonObject) : [];
  return versions
    .filter((version) => version.served === true)
    .map((version) => {
      const apiVersion = `${text(spec.group)}/${text(version.name)}`;
      const kind = text(names.kind);
      return {
        apiVersion,
        kind,
        plural: text(names.plural),
        namespaced: spec.scope === 'Namespaced',
        statusSubresource: isJsonObject(version.subresources) && isJsonObject(version.subresources.status),
        generation: true,
        custom: true,
        schema: wholeSchema(version),
        rules: rulesOf(apiVersion, kind),
      };
    });
};

const text = (value: JsonValue | undefined): string => (typeof value === 'string' ? value : '');

/** The schema in a CRD says nothing of apiVersion, kind and metadata: they are the same for all. */
const wholeSchema = (version: JsonObject): JsonSchema => {
  const schema = (isJsonObject(version.schema) ? version.schema.openAPIV3Schema : undefined) as JsonSchema | undefined;
  const identity = { apiVersion: { type: 'string' }, kind: { type: 'string' }, metadata: OBJECT_META };
  return { ...schema, type: 'object', properties: { ...schema?.properties, ...identity } };
};
