import type { TypeMeta } from '../../lib/base/kube-object';
import type { Selection } from './cluster-client';
import type { Resource } from './resources';

/** Query parameters; what is `undefined` is left out. */
export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** Where the objects of a kind are: `/api/v1/namespaces/default/pods`, or of all namespaces when none is given. */
export const collectionPath = (type: TypeMeta, resource: Resource, namespace?: string): string => {
  const scope = resource.namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  return `${groupVersionPath(type.apiVersion)}${scope}/${resource.plural}`;
};

/** Where one object is, or its subresource. */
export const objectPath = (collection: string, name: string, subresource?: string): string =>
  `${collection}/${encodeURIComponent(name)}${subresource === undefined ? '' : `/${subresource}`}`;

/** Where a group version describes itself: `/api/v1`, `/apis/apps/v1`. */
export const groupVersionPath = (apiVersion: string): string =>
  apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;

/** `path` with its query, parameters in the order given. */
export const withQuery = (path: string, query: Query): string => {
  const parts = Object.entries(query).flatMap(([key, value]) =>
    value === undefined ? [] : [`${encodeURIComponent(key)}=${encodeURIComponent(value)}`],
  );
  return parts.length === 0 ? path : `${path}?${parts.join('&')}`;
};

/** The selectors of a selection as query parameters. */
export const selectionQuery = ({ labelSelector, fieldSelector }: Selection): Query => ({
  labelSelector,
  fieldSelector,
});
