import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Readiness } from './manager-options';
import type { Metrics } from './metrics';

export interface HealthOptions {
  /** `host:port` or `:port` (all addresses); port 0: any free one. */
  readonly address: string;
  readonly readiness: () => Readiness;
  readonly metrics: Metrics;
}

/** The text of /readyz: one line a check, what fails with what it waits for. Pure. */
export const readinessText = ({ ready, checks }: Readiness): string =>
  [
    ...checks.map(
      ({ name, ready: fine, message }) => `[${fine ? '+' : '-'}] ${name}${message === '' ? ' ok' : `: ${message}`}`,
    ),
    ready ? 'ready' : 'not ready',
    '',
  ].join('\n');

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

const plain = (status: number, body: string): Answer => ({ status, type: 'text/plain; charset=utf-8', body });

/** /healthz, /readyz and /metrics over HTTP, for the kubelet and Prometheus. Holds no secret and changes nothing. */
export class HealthServer {
  private readonly server: Server;

  constructor(private readonly options: HealthOptions) {
    this.server = createServer((request, response) => void this.handle(request, response));
    this.server.requestTimeout = 10_000;
  }

  /** Listens; resolves with the port. Rejects when the address can't be bound. */
  start(): Promise<number> {
    const { host, port } = splitAddress(this.options.address);
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, host, () => {
        this.server.off('error', reject);
        resolve((this.server.address() as AddressInfo).port);
      });
    });
  }

  /** Stops listening; idle connections are closed, requests under way are answered. */
  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.server.close(() => resolve());
      this.server.closeIdleConnections();
    });
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const answer = await this.answer(request).catch(() => plain(500, 'internal error\n'));
    response.writeHead(answer.status, { 'content-type': answer.type });
    response.end(request.method === 'HEAD' ? undefined : answer.body);
  }

  private async answer({ method, url }: IncomingMessage): Promise<Answer> {
    if (method !== 'GET' && method !== 'HEAD') return plain(405, 'only GET\n');
    switch ((url ?? '').split('?')[0]) {
      case '/healthz':
        return plain(200, 'ok\n');
      case '/readyz': {
        const readiness = this.options.readiness();
        return plain(readiness.ready ? 200 : 503, readinessText(readiness));
      }
      case '/metrics':
        return { status: 200, type: this.options.metrics.contentType, body: await this.options.metrics.text() };
      default:
        return plain(404, 'try /healthz, /readyz or /metrics\n');
    }
  }
}

/** `[::1]:8081`, `127.0.0.1:8081`, `:8081` or `8081`. */
export const splitAddress = (address: string): { readonly host: string | undefined; readonly port: number } => {
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, Math.max(colon, 0)).replace(/^\[|\]$/g, '');
  return { host: host === '' ? undefined : host, port: Number(address.slice(colon + 1)) };
};
