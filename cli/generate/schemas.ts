import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { GeneratedFile } from './files';
import { kubernetesSchemas } from './kubernetes-schemas';

/** The file that holds the schemas of built-in kinds. */
export const SCHEMAS_FILE = 'synth/schemas/kubernetes.json';

/** A found release of Kubernetes' OpenAPI documents, or why there is none. */
export type SchemaSource = { readonly directory: string; readonly version: string } | { readonly missing: string };

const moduleCache = (): string | undefined => {
  try {
    return execFileSync('go', ['env', 'GOMODCACHE'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return undefined;
  }
};

const numbers = (version: string): readonly number[] => version.slice(1).split(/[.-]/).map(Number);
const byVersion = (one: string, other: string): number => {
  const [left, right] = [numbers(one), numbers(other)];
  return left.map((part, index) => part - (right[index] ?? 0)).find((difference) => difference !== 0) ?? 0;
};

/** The newest released k8s.io/kubernetes in the Go module cache that carries OpenAPI documents. Nothing is downloaded. */
export const findSchemaSource = (cache: string | undefined = moduleCache()): SchemaSource => {
  if (cache === undefined) return { missing: 'go is not on the PATH' };
  const root = join(cache, 'k8s.io');
  const versions = existsSync(root)
    ? readdirSync(root).flatMap((name) => /^kubernetes@(v\d+\.\d+\.\d+)$/.exec(name)?.[1] ?? [])
    : [];
  const version = versions.sort(byVersion).at(-1);
  if (version === undefined) return { missing: `the Go module k8s.io/kubernetes is not in ${root}` };
  const directory = join(root, `kubernetes@${version}`, 'api/openapi-spec/v3');
  return existsSync(directory) ? { directory, version } : { missing: `${directory} is missing` };
};

/** synth/schemas/kubernetes.json made from `source`. */
export const schemaFile = (source: { readonly directory: string; readonly version: string }): GeneratedFile => ({
  path: SCHEMAS_FILE,
  content: kubernetesSchemas(source.directory, source.version),
});
