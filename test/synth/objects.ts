import type { LiveObject, Manifest, ObjectMeta } from '../../lib/base/kube-object';

type Parts = { readonly metadata?: Partial<ObjectMeta>; readonly spec?: object; readonly status?: object } & Record<
  string,
  unknown
>;

/** Any manifest: identity from the first argument (`apps/v1 DaemonSet`), the rest merged in. */
export const aManifest = (type: string, parts: Parts = {}): Manifest => {
  const [apiVersion = '', kind = ''] = type.split(' ');
  return { apiVersion, kind, ...parts, metadata: { name: 'a', namespace: 'n', ...parts.metadata } } as Manifest;
};

/** Any live object. */
export const aLive = (type: string, parts: Parts = {}): LiveObject =>
  aManifest(type, { ...parts, metadata: { uid: 'uid-a', resourceVersion: '1', ...parts.metadata } }) as LiveObject;

/** A live Pod. */
export const aPod = (parts: Parts = {}): LiveObject => aLive('v1 Pod', parts);
