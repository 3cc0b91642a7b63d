import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonSchema } from '../../lib/api/json-schema';
import { canonicalJson } from '../../synth/canonical-json';

/** The built-in kinds that we emit, read or let users mix into their files. Add one here and run `npm run generate`. */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  api__v1: [
    'ConfigMap',
    'Event',
    'Namespace',
    'Node',
    'PersistentVolumeClaim',
    'Pod',
    'Secret',
    'Service',
    'ServiceAccount',
  ],
  apis__apps__v1: ['DaemonSet', 'Deployment'],
  apis__batch__v1: ['Job'],
  'apis__admissionregistration.k8s.io__v1': ['ValidatingAdmissionPolicy', 'ValidatingAdmissionPolicyBinding'],
  'apis__apiextensions.k8s.io__v1': ['CustomResourceDefinition'],
  'apis__coordination.k8s.io__v1': ['Lease'],
  'apis__networking.k8s.io__v1': ['NetworkPolicy'],
  apis__policy__v1: ['PodDisruptionBudget'],
  'apis__rbac.authorization.k8s.io__v1': ['ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding'],
  'apis__scheduling.k8s.io__v1': ['PriorityClass'],
  'apis__storage.k8s.io__v1': ['StorageClass'],
};

type Raw = Record<string, unknown>;
interface OpenApi {
  readonly components: { readonly schemas: Record<string, Raw> };
}

const KEPT = new Set<string>([
  'type',
  'properties',
  'required',
  'additionalProperties',
  'items',
  'enum',
  'default',
  'format',
  'pattern',
  'minimum',
  'maximum',
  'minLength',
  'maxLength',
  'nullable',
  'allOf',
  'anyOf',
  'oneOf',
  '$ref',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-map-type',
  'x-kubernetes-int-or-string',
  'x-kubernetes-preserve-unknown-fields',
]);

/** `io.k8s.api.core.v1.Pod` and friends without their common prefix, to keep the file small. */
const shortName = (name: string): string =>
  name.replace(/^io\.k8s\.(api|apimachinery\.pkg\.apis|apimachinery\.pkg|apiextensions-apiserver\.pkg\.apis)\./, '');

const SCHEMA_MAPS = new Set(['properties']);

/** A schema without its prose and with short references; records the definitions it refers to. */
const slim = (node: unknown, referred: (name: string) => void, isMap = false): unknown => {
  if (Array.isArray(node)) return node.map((item) => slim(item, referred));
  if (typeof node !== 'object' || node === null) return node;
  const out: Raw = {};
  for (const [key, value] of Object.entries(node)) {
    if (!isMap && !KEPT.has(key)) continue;
    out[key] =
      key === '$ref' && typeof value === 'string'
        ? reference(value, referred)
        : key === 'default'
          ? value
          : slim(value, referred, SCHEMA_MAPS.has(key) && !isMap);
  }
  return collapse(out);
};

const reference = (ref: string, referred: (name: string) => void): string => {
  const name = ref.slice(ref.lastIndexOf('/') + 1);
  referred(name);
  return `#/$defs/${shortName(name)}`;
};

/** OpenAPI wraps a `$ref` in `allOf` to hang a default on it: `{allOf: [{$ref}], default: {}}` is `{$ref}` to us. */
const collapse = (schema: Raw): Raw => {
  const all = schema['allOf'];
  if (!Array.isArray(all) || all.length !== 1 || typeof all[0] !== 'object') return schema;
  const { allOf: _all, default: _default, ...rest } = schema;
  return { ...rest, ...(all[0] as Raw) };
};

/**
 * The built-in kinds' schemas, from the OpenAPI documents of Kubernetes' own release: `directory` holds
 * `api__v1_openapi.json` and its siblings (api/openapi-spec/v3 of the module k8s.io/kubernetes). Deterministic.
 */
export const kubernetesSchemas = (directory: string, version: string): string => {
  const $defs: Record<string, JsonSchema> = {};
  const kinds: Record<string, string> = {};
  for (const [file, names] of Object.entries(KINDS)) {
    const { components } = JSON.parse(readFileSync(join(directory, `${file}_openapi.json`), 'utf8')) as OpenApi;
    const pending: string[] = [];
    for (const [name, schema] of Object.entries(components.schemas)) {
      const gvks = (schema['x-kubernetes-group-version-kind'] ?? []) as {
        group: string;
        version: string;
        kind: string;
      }[];
      const gvk = gvks.length === 1 ? gvks[0] : undefined;
      if (gvk === undefined || !names.includes(gvk.kind)) continue;
      kinds[`${gvk.group === '' ? '' : `${gvk.group}/`}${gvk.version} ${gvk.kind}`] = shortName(name);
      pending.push(name);
    }
    const seen = new Set<string>();
    for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
      if (seen.has(name)) continue;
      seen.add(name);
      $defs[shortName(name)] = slim(components.schemas[name], (next) => pending.push(next)) as JsonSchema;
    }
  }
  return `${canonicalJson({ version, kinds, $defs } as never)}\n`;
};
