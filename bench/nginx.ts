/** nginx as a peer: one process that serves a directory, as the distribution service is one. */
import { spawn } from 'node:child_process';
import { accessSync, constants, mkdirSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DIST_PATH } from '../lib/drivers/package';
import { createAuthority, issue } from '../test/cluster/certificates';
import type { PackageServer } from './dist';

/** Where systems keep it that don't have it in every user's PATH. */
const PLACES = ['/usr/sbin', '/usr/local/sbin', '/usr/local/nginx/sbin'];

const executable = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

/** Its file; `undefined`: it is not installed. */
const findNginx = (path = process.env['PATH'] ?? ''): string | undefined =>
  [...path.split(delimiter), ...PLACES].map((place) => join(place, 'nginx')).find(executable);

export interface NginxOptions {
  readonly nginx: string;
  /** For its files. */
  readonly state: string;
  /** What it serves and takes by PUT, under the path of packages. */
  readonly directory: string;
  readonly tls: boolean;
}

const config = ({ state, directory, tls }: NginxOptions, port: number): string => `
daemon off;
master_process off;
pid ${state}/pid;
error_log ${state}/error.log;
events { worker_connections 256; }
http {
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 1000000;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((what) => `${what}_temp_path ${state}/${what};`).join('\n  ')}
  server {
    listen 127.0.0.1:${port}${tls ? ' ssl' : ''};
    ${tls ? `ssl_certificate ${state}/certificate; ssl_certificate_key ${state}/key; ssl_protocols TLSv1.3;` : ''}
    location ${DIST_PATH}/ { alias ${directory}/; dav_methods PUT; client_max_body_size 0; client_body_buffer_size 1m; }
  }
}
`;

/** nginx must be told a port: one that was free a moment ago. */
const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer().on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });

const listens = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });

/** Starts it where it is installed; `undefined`: it is not. */
export const startNginxIfThere = async (options: Omit<NginxOptions, 'nginx'>): Promise<PackageServer | undefined> => {
  const nginx = findNginx();
  return nginx === undefined ? undefined : startNginx({ ...options, nginx });
};

/** Starts it; resolves when it listens. Rejects when it ends before. */
const startNginx = async (options: NginxOptions): Promise<PackageServer> => {
  const { state } = options;
  mkdirSync(state, { recursive: true });
  const { certificate, key } = issue(
    createAuthority('bench'),
    { commonName: 'bench' },
    { subject: { commonName: 'nginx' }, hosts: ['127.0.0.1'] },
  );
  for (const [name, text] of Object.entries({ certificate, key })) writeFileSync(join(state, name), text);
  const port = await freePort();
  writeFileSync(join(state, 'conf'), config(options, port));
  const arguments_ = ['-p', state, '-e', join(state, 'error.log'), '-c', join(state, 'conf')];
  const child = spawn(options.nginx, arguments_, { stdio: ['ignore', 'ignore', 'inherit'] });
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()).once('error', () => resolve()));
  while (!(await listens(port))) {
    if (child.exitCode !== null || child.pid === undefined) throw new Error('nginx does not start');
    await sleep(20);
  }
  return {
    port,
    pid: child.pid ?? NaN,
    stop: () => {
      process.removeListener('exit', kill);
      kill();
      return ended;
    },
  };
};
