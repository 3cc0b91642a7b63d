/** What `driversDistService` of a cluster, client or container names. */
export type DistEndpoint =
  /** A Service of this Kubernetes cluster; it may be one of ours, or nobody's we know. */
  | { readonly kind: 'service'; readonly url: string; readonly namespace: string; readonly name: string }
  /** A registry of built drivers, or any other place outside: the operator's own service mirrors from it. */
  | { readonly kind: 'registry'; readonly url: string };

const DEFAULT_PORT = '60002';
/** `name.namespace.svc`, with or without the domain of the cluster. */
const SERVICE = /^([a-z0-9-]+)\.([a-z0-9-]+)\.svc(\.[a-z0-9.-]+)?$/;
/** As one published page writes it, without the namespace: then that of the object is meant. */
const SHORT_SERVICE = /^([a-z0-9-]+)\.svc\.(local|cluster\.local)$/;

const withScheme = (text: string): string => (/^[a-z]+:\/\//i.test(text) ? text : `https://${text}`);

const parse = (text: string): URL | undefined => {
  try {
    const url = new URL(withScheme(text));
    return ['https:', 'http:'].includes(url.protocol) && url.hostname !== '' ? url : undefined;
  } catch {
    return undefined;
  }
};

/**
 * Reads an endpoint as users write it: a URL, or `host:port`, which means https. Nothing, or only spaces: `registry`.
 * `undefined`: it is none. `namespace`: of the object that names it.
 */
export const readEndpoint = (
  text: string | undefined,
  { registry, namespace }: { readonly registry: string; readonly namespace: string },
): DistEndpoint | undefined => {
  if (text === undefined || text.trim() === '') return { kind: 'registry', url: registry };
  const url = parse(text.trim());
  if (url === undefined) return undefined;
  const short = SHORT_SERVICE.exec(url.hostname);
  const full = short === null ? SERVICE.exec(url.hostname) : null;
  const [name, inNamespace] = short === null ? [full?.[1], full?.[2]] : [short[1], namespace];
  if (name === undefined || inNamespace === undefined) return { kind: 'registry', url: url.href.replace(/\/+$/, '') };
  const port = url.port === '' ? DEFAULT_PORT : url.port;
  return {
    kind: 'service',
    url: `${url.protocol}//${name}.${inNamespace}.svc.cluster.local:${port}`,
    namespace: inNamespace,
    name,
  };
};
