import type { ClusterClient } from '../../controllers/kube/cluster-client';
import { API_VERSION } from '../../lib/api/kind';
import type { JsonObject } from '../../lib/base/json';
import type { KubeObject, LiveObject, ObjectRef, TypeMeta } from '../../lib/base/kube-object';
import { refOf } from '../../lib/base/kube-object';
import type { World } from './backend';

export const CONFIG_MAP: TypeMeta = { apiVersion: 'v1', kind: 'ConfigMap' };
export const SERVICE: TypeMeta = { apiVersion: 'v1', kind: 'Service' };
export const POD: TypeMeta = { apiVersion: 'v1', kind: 'Pod' };
export const SECRET: TypeMeta = { apiVersion: 'v1', kind: 'Secret' };
export const LEASE: TypeMeta = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' };
export const DAEMON_SET: TypeMeta = { apiVersion: 'apps/v1', kind: 'DaemonSet' };
export const NODE: TypeMeta = { apiVersion: 'v1', kind: 'Node' };
export const NAMESPACE: TypeMeta = { apiVersion: 'v1', kind: 'Namespace' };
export const CONTAINER: TypeMeta = { apiVersion: API_VERSION, kind: 'WekaContainer' };
export const POLICY: TypeMeta = { apiVersion: API_VERSION, kind: 'WekaPolicy' };
export const WEKA_NODE: TypeMeta = { apiVersion: API_VERSION, kind: 'WekaNode' };

/** An object in the world's namespace. `metadata` adds to it. */
export const object = (world: World, type: TypeMeta, name: string, body: JsonObject, metadata: JsonObject = {}) =>
  ({ ...type, metadata: { name, namespace: world.namespace, ...metadata }, ...body }) as KubeObject;

export const configMap = (world: World, name: string, data?: JsonObject, metadata?: JsonObject): KubeObject =>
  object(world, CONFIG_MAP, name, data === undefined ? {} : { data }, metadata);

export const service = (world: World, name: string, spec: JsonObject = {}, metadata?: JsonObject): KubeObject =>
  object(world, SERVICE, name, { spec: { selector: { app: name }, ports: [{ port: 80 }], ...spec } }, metadata);

export const container = (world: World, name: string, spec: JsonObject = {}, metadata?: JsonObject): KubeObject =>
  object(
    world,
    CONTAINER,
    name,
    { spec: { image: 'registry.test/weka:4.4.5', name: 'a', mode: 'drive', numCores: 1, ...spec } },
    metadata,
  );

export const policy = (world: World, name: string, payload: JsonObject = {}, spec: JsonObject = {}): KubeObject =>
  object(world, POLICY, name, {
    spec: {
      type: 'enable-local-drivers-distribution',
      image: 'registry.test/weka:4.4.5',
      payload: { driverDistPayload: {}, ...payload },
      ...spec,
    },
  });

export const pod = (world: World, name: string, spec: JsonObject = {}, metadata?: JsonObject): KubeObject =>
  object(
    world,
    POD,
    name,
    { spec: { containers: [{ name: 'main', image: 'registry.test/app:1' }], ...spec } },
    metadata,
  );

export const daemonSet = (world: World, name: string, podSpec: JsonObject = {}, spec: JsonObject = {}): KubeObject =>
  object(world, DAEMON_SET, name, {
    spec: {
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name: 'main', image: 'registry.test/app:1' }], ...podSpec },
      },
      ...spec,
    },
  });

/** Applies as `first`, without force, unless told otherwise. */
export const apply = (
  world: World,
  manifest: KubeObject,
  options: Partial<Parameters<ClusterClient['apply']>[1]> = {},
): Promise<LiveObject> => world.client.apply(manifest, { fieldManager: 'first', force: false, ...options });

/** The object as stored; `undefined` when it isn't there. */
export const stored = (world: World, of: KubeObject | ObjectRef): Promise<LiveObject | undefined> =>
  world.client.get('metadata' in of ? refOf(of) : of);

/** As stored; throws when it isn't there. */
export const mustGet = async (world: World, of: KubeObject): Promise<LiveObject> => {
  const found = await stored(world, of);
  if (found === undefined) throw new Error(`${of.kind} ${of.metadata.name} is not there`);
  return found;
};

export const remove = async (
  world: World,
  of: KubeObject,
  propagation: 'Background' | 'Foreground' | 'Orphan' = 'Background',
): Promise<string> => {
  const { metadata } = await mustGet(world, of);
  return world.client.delete(refOf(of), { uid: metadata.uid, propagation });
};

/** Waits until it isn't there any more. */
export const untilGone = (world: World, of: KubeObject): Promise<void> =>
  world.settle(`${of.kind} ${of.metadata.name} gone`, async () => (await stored(world, of)) === undefined);

/** All of a kind in the world's namespace. */
export const listed = async (
  world: World,
  type: TypeMeta,
  selection: { labelSelector?: string; fieldSelector?: string; pageSize?: number } = {},
): Promise<LiveObject[]> => {
  const found: LiveObject[] = [];
  await world.client.list(type, {
    namespace: world.namespace,
    ...selection,
    onPage: (objects) => found.push(...objects),
  });
  return found;
};

export const names = (objects: readonly KubeObject[]): string[] => objects.map(({ metadata }) => metadata.name);
