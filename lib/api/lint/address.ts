/** Shapes of addresses. Pure text checks: nothing is resolved. */

const OCTET = /^(0|[1-9]\d{0,2})$/;

/** Whether `text` is an IPv4 address in dotted form. */
export const isIpv4 = (text: string): boolean => {
  const parts = text.split('.');
  return parts.length === 4 && parts.every((part) => OCTET.test(part) && Number(part) <= 255);
};

/** Whether `text` is an IPv6 address, `::` and an IPv4 tail included. */
export const isIpv6 = (text: string): boolean => {
  const halves = text.split('::');
  if (halves.length > 2 || !text.includes(':')) return false;
  const groups = halves.map((half) => (half === '' ? [] : half.split(':')));
  const all = groups.flat();
  const tail = all.at(-1);
  const embedded = tail !== undefined && isIpv4(tail) ? 1 : 0;
  const plain = embedded === 1 ? all.slice(0, -1) : all;
  if (!plain.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return false;
  const length = plain.length + 2 * embedded;
  return halves.length === 2 ? length <= 7 : length === 8;
};

/** Whether `text` is `address/prefix`, IPv4 or IPv6. */
export const isCidr = (text: string): boolean => {
  const [address = '', prefix = '', ...rest] = text.split('/');
  if (rest.length > 0 || !/^(0|[1-9]\d{0,2})$/.test(prefix)) return false;
  return isIpv4(address) ? Number(prefix) <= 32 : isIpv6(address) && Number(prefix) <= 128;
};

const isHost = (text: string): boolean =>
  isIpv4(text) || /^[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?(\.[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?)*\.?$/.test(text);

/** Host and port of `host:port` or `[IPv6]:port`; undefined when it is neither. Port 1 to 65535. */
export const hostPort = (text: string): { readonly host: string; readonly port: number } | undefined => {
  const match = /^(?:\[([^\]]+)\]|([^:[\]\s/]+)):(\d{1,5})$/.exec(text);
  if (match === null) return undefined;
  const [, v6, plain = '', digits] = match;
  const port = Number(digits);
  const host = v6 ?? plain;
  const good = v6 === undefined ? isHost(plain) : isIpv6(v6);
  return good && port >= 1 && port <= 65535 ? { host, port } : undefined;
};

/** Host of an endpoint: `https://host[:port][/path]`, `http://…`, `host:port` or `host` (both mean https); undefined: malformed. */
export const endpointHost = (text: string): string | undefined => {
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/(.*)$/.exec(text);
  if (scheme !== null && !/^https?$/.test(scheme[1] ?? '')) return undefined;
  const authority = (scheme === null ? text : (scheme[2] ?? '')).replace(/\/.*$/, '');
  if (authority.startsWith('[') || /:\d+$/.test(authority)) return hostPort(authority)?.host;
  return isHost(authority) ? authority : undefined;
};
