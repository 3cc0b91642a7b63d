import { readFile } from 'node:fs/promises';
import { Agent } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { OperatorError } from '../../lib/base/errors';
import { isSha256, packagePath } from '../../lib/drivers/package';
import type { HttpsAnswer } from '../shared/https-call';
import { httpsCall } from '../shared/https-call';
import type { Log } from '../shared/log';
import type { BuiltPackage } from './build';
import type { BuildOrder, Orders } from './orders';
import type { UploadAnswer } from './upload-answer';
import { readUploadAnswer } from './upload-answer';

/** Times of an upload, in milliseconds. */
export interface UploadTimes {
  /** In all: the distribution service may be starting, or be moved to another node. */
  readonly budgetMs: number;
  /** For the operator's order, or for another permit. */
  readonly orderMs: number;
  /** First pause after a failure; doubles up to `capMs`, a random half is taken off. */
  readonly pauseMs: number;
  readonly capMs: number;
  /** Of one try. */
  readonly callMs: number;
}

export const UPLOAD_TIMES: UploadTimes = {
  budgetMs: 15 * 60_000,
  orderMs: 5 * 60_000,
  pauseMs: 1_000,
  capMs: 30_000,
  callMs: 5 * 60_000,
};

/** What an upload needs. */
export interface UploadParts {
  readonly orders: Orders;
  /** Path of the certificates trusted (PEM); read for each try. */
  readonly caFile: string;
  readonly log: Log;
  readonly stop: AbortSignal;
  /** @default UPLOAD_TIMES */
  readonly times?: Partial<UploadTimes>;
}

const ANSWER_BYTES = 64 << 10;

/**
 * Gives a package to the distribution service that the operator names. The same bytes may be sent any number of times: a
 * crash after the service has taken them costs one more upload, which it answers alike. Throws BuildOrderMissing,
 * UploadFailed or UploadRefused, or the reason of `stop`.
 */
export const uploadPackage = async (built: BuiltPackage, parts: UploadParts): Promise<void> => {
  const uploader = new Uploader(built, parts);
  try {
    await uploader.run();
  } finally {
    uploader.close();
  }
};

class Uploader {
  private readonly times: UploadTimes;
  private readonly agent = new Agent({ keepAlive: true });
  private readonly ends: number;

  constructor(
    private readonly built: BuiltPackage,
    private readonly parts: UploadParts,
  ) {
    this.times = { ...UPLOAD_TIMES, ...parts.times };
    this.ends = performance.now() + this.times.budgetMs;
  }

  close(): void {
    this.agent.destroy();
  }

  async run(): Promise<void> {
    let order = await this.firstOrder();
    for (let failures = 0; ; failures++) {
      const answer = await this.attempt(order);
      if (answer.kind === 'stored') return;
      const url = order.distUrl;
      if (answer.kind === 'refused' || answer.kind === 'conflict') {
        throw new OperatorError('UploadRefused', { url, cause: answer.cause });
      }
      this.parts.log.warn('The package was not taken, it is tried again', { url, cause: answer.cause });
      if (performance.now() >= this.ends) throw new OperatorError('UploadFailed', { url, cause: answer.cause });
      if (answer.kind === 'permit') order = await this.freshOrder(order);
      else await this.pause(failures, answer.afterMs);
      order = this.parts.orders.current ?? order;
    }
  }

  private async firstOrder(): Promise<BuildOrder> {
    const { orderMs } = this.times;
    const order = await this.parts.orders.next({ ms: orderMs, signal: this.parts.stop });
    if (order === undefined) throw new OperatorError('BuildOrderMissing', { timeout: `${orderMs / 1000} s` });
    return order;
  }

  /** One with another permit; the old one where none comes: the service may not have heard of its key yet. */
  private async freshOrder(order: BuildOrder): Promise<BuildOrder> {
    const ms = Math.min(this.times.capMs, Math.max(this.ends - performance.now(), 0));
    return (await this.parts.orders.next({ refused: order.permit, ms, signal: this.parts.stop })) ?? order;
  }

  private async attempt(order: BuildOrder): Promise<UploadAnswer> {
    const path = packagePath(order.id);
    const put = await this.call(order, 'PUT', path).then(readUploadAnswer, asLater);
    this.parts.stop.throwIfAborted();
    if (put.kind !== 'conflict') return put;
    // Perhaps an earlier try of ours, whose answer was lost.
    const held = await this.call(order, 'GET', `${path}.sha256`).then(digestOf, asLater);
    this.parts.stop.throwIfAborted();
    if (typeof held !== 'string') return held;
    return held === this.built.sha256
      ? { kind: 'stored' }
      : { ...put, cause: `it has other bytes already (${put.cause})` };
  }

  private async call({ distUrl, permit }: BuildOrder, method: 'PUT' | 'GET', path: string): Promise<HttpsAnswer> {
    const upload = {
      headers: {
        authorization: `Bearer ${permit}`,
        'content-type': 'application/gzip',
        'x-content-sha256': this.built.sha256,
      },
      body: this.built.archive,
    };
    return httpsCall({
      method,
      url: new URL(path, distUrl),
      ...(method === 'PUT' ? upload : { headers: {} }),
      ca: await readFile(this.parts.caFile, 'utf8'),
      agent: this.agent,
      timeoutMs: this.times.callMs,
      maxBytes: ANSWER_BYTES,
      signal: this.parts.stop,
    });
  }

  private async pause(failures: number, leastMs: number): Promise<void> {
    const { pauseMs, capMs } = this.times;
    const full = Math.min(capMs, pauseMs * 2 ** Math.min(failures, 20));
    await sleep(Math.max(leastMs, full * (0.5 + 0.5 * Math.random())), undefined, { signal: this.parts.stop }).catch(
      () => this.parts.stop.throwIfAborted(),
    );
  }
}

/** What went wrong on the way: name, network, TLS, time. */
const asLater = (error: unknown): UploadAnswer => ({ kind: 'later', cause: (error as Error).message, afterMs: 0 });

/** The digest that the service tells for a package. */
const digestOf = ({ status, body }: HttpsAnswer): string | UploadAnswer => {
  const digest = body.trim().split(/\s+/)[0];
  return status === 200 && isSha256(digest)
    ? digest
    : { kind: 'later', cause: `HTTP ${status} for the digest of what it has`, afterMs: 0 };
};
