/**
 * Manifests as text: the same bytes for the same manifests on any machine, so that a GitOps repository changes only
 * when something changed. And the file each manifest goes to, so that files of different objects never collide.
 */
import { GROUP } from '../lib/api/kind';
import type { JsonObject } from '../lib/base/json';
import type { Manifest } from '../lib/base/kube-object';
import { groupOf } from '../lib/base/kube-object';
import { digestOf } from './canonical-json';
import { jsonText } from './json-text';
import { yamlText } from './yaml';

/** One manifest as a YAML document. */
export const manifestYaml = (manifest: Manifest): string => yamlText(manifest as unknown as JsonObject);

/** Manifests as a stream of YAML documents, in the order given; empty for none. */
export const manifestsYaml = (manifests: readonly Manifest[]): string => manifests.map(manifestYaml).join('---\n');

const LIST_HEAD = '{\n  "apiVersion": "v1",\n  "items": [';
const LIST_TAIL = '],\n  "kind": "List"\n}\n';

/**
 * Manifests as a JSON List that kubectl takes, keys sorted, indented by two, ending in a line break: piece by piece, so
 * that a file or a pipe can be filled without holding the whole text, which is larger than the manifests themselves.
 */
export const manifestsJsonParts = function* (manifests: readonly Manifest[]): Generator<string, void> {
  yield LIST_HEAD;
  let before = '\n    ';
  for (const manifest of manifests) {
    yield jsonText(manifest as unknown as JsonObject, before, 4);
    before = ',\n    ';
  }
  yield manifests.length === 0 ? LIST_TAIL : `\n  ${LIST_TAIL}`;
};

/** The same as one text. */
export const manifestsJson = (manifests: readonly Manifest[]): string => [...manifestsJsonParts(manifests)].join('');

/** Longest file name that common file systems take, in bytes. */
const LONGEST = 255;
const EXTENSION = '.yaml';
const DIGEST = 12;

/** Only what every file system takes and keeps apart, also those that don't tell capitals; `_` escapes, also a dot in front. */
const safe = (text: string): string =>
  text.replace(/^\.|[^a-z0-9.-]/g, (character) => `_${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`);

/** Kinds of the core and of WEKA are known by their name; all others carry their group, or two could meet. */
const kindText = ({ apiVersion, kind }: Manifest): string => {
  const group = groupOf(apiVersion);
  return group === '' || group === GROUP ? kind.toLowerCase() : `${kind.toLowerCase()}.${group}`;
};

/**
 * The path of a manifest, with `/`: `namespace/wekapolicy-name.yaml`; cluster-scoped: `wekanode-name.yaml`. Kinds of other
 * groups: `daemonset.apps-name.yaml`. Different objects get different paths, and none leads out of the directory.
 */
export const fileName = (manifest: Manifest): string => {
  const { name, namespace } = manifest.metadata;
  const file = within(`${safe(kindText(manifest))}-${safe(name)}`);
  return namespace === undefined ? `${file}${EXTENSION}` : `${safe(namespace)}/${file}${EXTENSION}`;
};

const within = (name: string): string => {
  if (name.length + EXTENSION.length <= LONGEST) return name;
  return `${name.slice(0, LONGEST - EXTENSION.length - DIGEST - 1)}_${digestOf(name).slice(0, DIGEST)}`;
};
