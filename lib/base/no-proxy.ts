/** One entry of NO_PROXY, taken apart. */
interface Exception {
  readonly host: string;
  readonly port: string | undefined;
}

const parse = (entry: string): Exception => {
  const [, bracketed, plain, port] =
    /^(?:\[([^\]]*)\]|([^:]*|.*:.*:.*?))(?::(\d+))?$/.exec(entry.trim().toLowerCase()) ?? [];
  return { host: (bracketed ?? plain ?? '').replace(/^\*?\./, ''), port };
};

const addressBits = (text: string): number | undefined => {
  const parts = text.split('.');
  const good = parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256);
  return good ? parts.reduce((bits, part) => bits * 256 + Number(part), 0) : undefined;
};

/** `10.0.0.0/8` holds 10.1.2.3. IPv4 only: IPv6 addresses are compared as texts. */
const inNetwork = (host: string, network: string): boolean => {
  const [base = '', length = ''] = network.split('/');
  const [address, first] = [addressBits(host), addressBits(base)];
  if (address === undefined || first === undefined || !/^\d{1,2}$/.test(length) || Number(length) > 32) return false;
  const size = 2 ** (32 - Number(length));
  return Math.floor(address / size) === Math.floor(first / size);
};

const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || inNetwork(host, '127.0.0.0/8');

/**
 * Whether `url` is reached without the proxy, as NO_PROXY is commonly read: `*`; a host or domain, which covers what is
 * below it (`example.com`, `.example.com`, `*.example.com`); an address or an IPv4 network (`10.0.0.0/8`); each with a
 * port or without. Loopback is never proxied.
 */
export const bypassesProxy = (url: URL, noProxy: readonly string[]): boolean => {
  const host = url.hostname.toLowerCase().replace(/^\[|\]$/g, '');
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  const covers = (entry: Exception): boolean =>
    (entry.port === undefined || entry.port === port) &&
    (host === entry.host || host.endsWith(`.${entry.host}`) || inNetwork(host, entry.host));
  const given = noProxy.map((entry) => entry.trim()).filter((entry) => entry !== '');
  return (
    isLoopback(host) || given.includes('*') || given.map(parse).some((entry) => entry.host !== '' && covers(entry))
  );
};
