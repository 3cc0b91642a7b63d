import { lstat, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { NodeApi } from './node-api';
import type { PodObject, TokenSource, VolumeSpec } from './pod-spec';

export interface VolumesOf {
  readonly api: NodeApi;
  readonly pod: PodObject;
  /** Where volumes that are the Pod's own are made. */
  readonly directory: string;
  /** Directory that is the node's root. */
  readonly node: string;
}

/** Why a Pod cannot start yet: it is tried again. */
export class NotYet extends Error {}

/** Directories of this machine (or files) that are the volumes of a Pod, by name. Rejects with NotYet while one is not to be had. */
export const makeVolumes = async (parts: VolumesOf): Promise<ReadonlyMap<string, string>> => {
  const made = new Map<string, string>();
  for (const volume of parts.pod.spec.volumes ?? []) made.set(volume.name, await makeVolume(volume, parts));
  return made;
};

const makeVolume = async (volume: VolumeSpec, parts: VolumesOf): Promise<string> => {
  if (volume.hostPath !== undefined) return hostPath(join(parts.node, volume.hostPath.path), volume.hostPath.type);
  const directory = join(parts.directory, volume.name);
  await mkdir(directory, { recursive: true });
  if (volume.emptyDir !== undefined) return directory;
  if (volume.configMap !== undefined) await writeData(directory, await configMapData(volume.configMap, parts));
  else if (volume.projected !== undefined) await writeTokens(directory, volume.projected.sources, parts);
  else throw new Error(`the kubelet stand-in does not know such a volume: ${JSON.stringify(volume)}`);
  return directory;
};

/** As the kubelet checks it: what must be there and is not keeps the Pod from starting. */
const hostPath = async (path: string, type = ''): Promise<string> => {
  if (type === 'DirectoryOrCreate') await mkdir(path, { recursive: true });
  const there = await lstat(path).catch(() => undefined);
  if (there === undefined) throw new NotYet(`hostPath type check failed: ${path} is not a ${type}`);
  return path;
};

type Data = Readonly<Record<string, string>>;

const configMapData = async (
  { name, optional = false }: NonNullable<VolumeSpec['configMap']>,
  { api, pod }: VolumesOf,
): Promise<Data> => {
  const found = await api.find<{ data?: Data }>(`/api/v1/namespaces/${pod.metadata.namespace}/configmaps/${name}`);
  if (found === undefined && !optional) throw new NotYet(`configmap "${name}" not found`);
  return found?.data ?? {};
};

/** A name is never seen with half of its text. */
const writeData = async (directory: string, data: Data): Promise<void> => {
  for (const [name, text] of Object.entries(data)) {
    await writeFile(join(directory, `..${name}`), text);
    await rename(join(directory, `..${name}`), join(directory, name));
  }
};

const writeTokens = async (
  directory: string,
  sources: NonNullable<VolumeSpec['projected']>['sources'],
  parts: VolumesOf,
): Promise<void> => {
  for (const { serviceAccountToken: source, ...other } of sources) {
    if (source === undefined) throw new Error(`the kubelet stand-in does not project ${JSON.stringify(other)}`);
    await writeData(directory, { [source.path]: await tokenFor(source, parts) });
  }
};

/** Good for as long as a test runs: it is not renewed. */
const tokenFor = async (
  { audience, expirationSeconds }: TokenSource,
  { api, pod: { metadata, spec } }: VolumesOf,
): Promise<string> => {
  const { namespace, name, uid } = metadata;
  const account = `/api/v1/namespaces/${namespace}/serviceaccounts/${spec.serviceAccountName ?? 'default'}`;
  const boundObjectRef = { kind: 'Pod', apiVersion: 'v1', name, uid };
  const wish = { spec: { audiences: [audience], expirationSeconds, boundObjectRef } };
  const { status } = await api.call<{ status: { token: string } }>('POST', `${account}/token`, wish);
  return status.token;
};

/** Removes what was the Pod's own. */
export const removeVolumes = (directory: string): Promise<void> => rm(directory, { recursive: true, force: true });
