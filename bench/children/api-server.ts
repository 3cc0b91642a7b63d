/**
 * Plays an API server for the measures, in a process of its own: everything is rendered before the first request, so
 * that what is measured is the client. Prints its coordinates, ends with its input.
 */
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuthority, issue } from '../../test/cluster/certificates';
import { livePod } from '../live-pod';

interface Options {
  readonly tls: boolean;
  /** Pods that a list gives. */
  readonly pods: number;
  /** Events that a watch gives, as fast as the client takes them. */
  readonly events: number;
}

const options = JSON.parse(process.argv[2] ?? '') as Options;
const directory = mkdtempSync(join(tmpdir(), 'weka-operator-bench-'));
let connections = 0;

const pods = Array.from({ length: options.pods }, (_, index) => JSON.stringify(livePod(index, index + 1)));
const VERSION = 1_000_000;
const events = Buffer.from(
  Array.from(
    { length: options.events },
    (_, index) => `{"type":"MODIFIED","object":${JSON.stringify(livePod(index % 1000, VERSION + 1 + index))}}\n`,
  ).join(''),
);
const applied = JSON.stringify(livePod(0, 1));
const RESOURCES = JSON.stringify({
  kind: 'APIResourceList',
  groupVersion: 'v1',
  resources: [
    { name: 'pods', singularName: 'pod', namespaced: true, kind: 'Pod', verbs: ['get', 'list', 'patch', 'watch'] },
    { name: 'secrets', singularName: 'secret', namespaced: true, kind: 'Secret', verbs: ['get', 'create'] },
  ],
});

const listed = (apiVersion: string, kind: string, query: URLSearchParams): string => {
  const from = Number(query.get('continue') ?? 0);
  const to = query.has('limit') ? from + Number(query.get('limit')) : pods.length;
  const items = kind === 'Pod' ? pods.slice(from, to) : [];
  const next = kind === 'Pod' && to < pods.length ? `,"continue":"${to}"` : '';
  return `{"kind":"${kind}List","apiVersion":"${apiVersion}","metadata":{"resourceVersion":"${VERSION}"${next}},"items":[${items.join(',')}]}`;
};

const watched = (response: http.ServerResponse): void => {
  const CHUNK = 256 * 1024;
  const send = (from: number): void => {
    let at = from;
    while (at < events.length) {
      const end = at + CHUNK;
      if (!response.write(events.subarray(at, end))) return void response.once('drain', () => send(end));
      at = end;
    }
  };
  response.flushHeaders();
  send(0);
};

/** What was created, by path: before a manager is ready it makes the Secret of its authority, and later ones read it. */
const made = new Map<string, string>();

const create = async (request: http.IncomingMessage, path: string): Promise<string> => {
  let text = '';
  for await (const part of request.setEncoding('utf8')) text += part as string;
  const object = JSON.parse(text) as { metadata: { name: string } };
  const stored = JSON.stringify({ ...object, metadata: { ...object.metadata, uid: 'made', resourceVersion: '1' } });
  made.set(`${path}/${object.metadata.name}`, stored);
  return stored;
};

/** Whether a path names one object in a namespace. */
const isOne = (path: string): boolean => /\/namespaces\/[^/]+\/[^/]+\/[^/]+$/.test(path);

const one = (path: string, response: http.ServerResponse): void => {
  const object = made.get(path);
  const [kind, name] = path.split('/').slice(-2);
  const status = { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'NotFound', code: 404 };
  const absent = JSON.stringify({ ...status, details: { kind, name } });
  response.writeHead(object === undefined ? 404 : 200).end(object ?? absent);
};

const answer = (request: http.IncomingMessage, response: http.ServerResponse): void => {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://server');
  response.setHeader('Content-Type', 'application/json');
  if (request.method === 'POST')
    return void create(request, pathname).then((object) => response.writeHead(201).end(object));
  request.resume();
  if (pathname === '/connections') return void response.end(String(connections));
  if (pathname === '/version') return void response.end('{"major":"1","minor":"34","gitVersion":"v1.34.0"}');
  if (pathname === '/api/v1') return void response.end(RESOURCES);
  if (request.method === 'PATCH') return void request.on('end', () => response.end(applied));
  if (searchParams.get('watch') === 'true') return watched(response);
  if (isOne(pathname)) return one(pathname, response);
  const parts = pathname.split('/');
  const apiVersion = parts[1] === 'api' ? 'v1' : `${parts[2]}/${parts[3]}`;
  response.end(listed(apiVersion, parts.at(-1) === 'pods' ? 'Pod' : 'Other', searchParams));
};

const authority = createAuthority('bench');
const serving = issue(authority, { commonName: 'bench' }, { subject: { commonName: 'api' }, hosts: ['127.0.0.1'] });
const server = options.tls
  ? https.createServer({ cert: serving.certificate, key: serving.key }, answer)
  : http.createServer(answer);
// As Go's: idle connections are kept for 90 s, and nothing is said about it.
server.keepAliveTimeout = 90_000;
server.on('connection', () => (connections += 1));
server.listen(0, '127.0.0.1', () => {
  const url = `${options.tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const trust = options.tls
    ? { 'certificate-authority-data': Buffer.from(authority.certificate).toString('base64') }
    : {};
  const kubeconfig = join(directory, 'kubeconfig');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'bench',
    contexts: [{ name: 'bench', context: { cluster: 'bench', user: 'bench' } }],
    // client-node refuses clear text unless told so.
    clusters: [
      {
        name: 'bench',
        cluster: { server: url, ...trust, ...(options.tls ? {} : { 'insecure-skip-tls-verify': true }) },
      },
    ],
    users: [{ name: 'bench', user: { token: 'bench' } }],
  };
  writeFileSync(kubeconfig, JSON.stringify(config));
  process.stdout.write(`${JSON.stringify({ url, kubeconfig })}\n`);
});
const end = (): never => {
  rmSync(directory, { recursive: true, force: true });
  process.exit(0);
};
process.stdin.once('end', end).once('error', end).resume();
