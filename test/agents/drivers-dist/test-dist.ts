import { mkdtempSync, rmSync } from 'node:fs';
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DistService } from '../../../agents/drivers-dist/service';
import type { DistServiceOptions } from '../../../agents/drivers-dist/service';
import { ServingIdentity } from '../../../agents/drivers-dist/serving-identity';
import { createLog } from '../../../agents/shared/log';
import type { KeyedCertificate } from '../../../controllers/certificates/x509';
import { issueCertificate, keyOfRequest, makeAuthority } from '../../../controllers/certificates/x509';
import type { DistDesired, DistObserved, HeldPackage, WantedPackage } from '../../../lib/drivers/agent-documents';
import { packagePath } from '../../../lib/drivers/package';
import { issuePermit } from '../../../lib/drivers/permit';
import type { TestPackage } from './packages';

const HOUR = 3_600_000;
export const PERMIT_KEY = 'a key';
export const POD_UID = 'pod-1';

export const authority: KeyedCertificate = makeAuthority({
  notBefore: Date.now() - HOUR,
  notAfter: Date.now() + HOUR,
});

/** The certificate that the operator would make for a request. */
export const sign = (certificateRequest: string, lifeMs = HOUR): string => {
  const publicKey = keyOfRequest(certificateRequest);
  if (publicKey === undefined) throw new Error('not a certificate request');
  const validity = { notBefore: Date.now() - HOUR, notAfter: Date.now() + lifeMs };
  return issueCertificate(authority, { publicKey, names: ['127.0.0.1'], ...validity });
};

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** Whether the connection broke before the last byte. */
  readonly cut: boolean;
}

export interface Call {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: Buffer;
}

/** One call, on a connection of its own. */
export const call = (port: number, path: string, { method = 'GET', headers = {}, body }: Call = {}): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const agent = new Agent({ keepAlive: false });
    const options = { host: '127.0.0.1', port, path, method, headers, ca: authority.certificate, agent };
    const outgoing = request(options, (incoming) => {
      const chunks: Buffer[] = [];
      const end = (cut: boolean) => (): void =>
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: Buffer.concat(chunks), cut });
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.once('end', end(false));
      incoming.once('error', end(true));
    });
    // After an answer it is no news that the rest of the body was not taken.
    outgoing.on('error', reject);
    outgoing.end(body);
  });

export const permitFor = (id: string, more: { key?: string; podUID?: string; expires?: number } = {}): string =>
  issuePermit(more.key ?? PERMIT_KEY, {
    packageId: id,
    podUID: more.podUID ?? POD_UID,
    expires: more.expires ?? Date.now() / 1000 + 600,
  });

export const uploadHeaders = ({ id, sha256, bytes }: TestPackage): Record<string, string | number> => ({
  authorization: `Bearer ${permitFor(id)}`,
  'x-content-sha256': sha256,
  'content-length': bytes.length,
});

export const wanted = (
  { id, wekaVersion, kernel, architecture }: TestPackage,
  more: Partial<WantedPackage> = {},
): WantedPackage => ({ id, wekaVersion, kernel, architecture, ...more });

/** A service with storage of its own, and the operator that it speaks with. */
export class TestDist {
  service!: DistService;
  readonly lines: Record<string, unknown>[] = [];
  observed: DistObserved | undefined;
  private desire!: (desired: DistDesired) => void;
  private desired: DistDesired = { packages: [], permitKeys: [PERMIT_KEY] };
  private listeners: (() => void)[] = [];

  private constructor(
    readonly directory: string,
    private readonly options: Partial<DistServiceOptions>,
  ) {}

  /** Starts one; it has a certificate when this resolves, unless `signed` is false. */
  static async start(
    options: Partial<DistServiceOptions> = {},
    { signed = true, directory = mkdtempSync(join(tmpdir(), 'dist-')) } = {},
  ): Promise<TestDist> {
    const dist = new TestDist(directory, options);
    await dist.start();
    if (signed) await dist.signCertificate();
    return dist;
  }

  async start(): Promise<void> {
    this.observed = undefined;
    this.service = await DistService.start({
      directory: this.directory,
      identity: await ServingIdentity.open(join(this.directory, 'identity')),
      port: 0,
      host: '127.0.0.1',
      log: createLog({}, { level: 'debug', write: (line) => void this.lines.push(JSON.parse(line) as never) }),
      connect: (desire) => {
        this.desire = desire;
        return { report: (observed) => this.hear(observed), stop: () => Promise.resolve() };
      },
      backoffMs: () => 20,
      ...this.options,
    });
  }

  async signCertificate(): Promise<void> {
    const { certificateRequest } = await this.until((observed) => observed);
    this.tell({ certificate: sign(certificateRequest) });
    await this.eventually(() => this.service.port !== undefined && this.service.notReady() === undefined);
  }

  /** Tells the service what is desired; what is not named stays as it was. */
  tell(change: Partial<DistDesired>): void {
    this.desired = { ...this.desired, ...change };
    this.desire(this.desired);
  }

  get port(): number {
    return this.service.port ?? 0;
  }

  call(path: string, options?: Call): Promise<Answer> {
    return call(this.port, path, options);
  }

  get(id: string, headers: OutgoingHttpHeaders = {}): Promise<Answer> {
    return this.call(packagePath(id), { headers });
  }

  put(content: TestPackage, more: Call = {}): Promise<Answer> {
    const headers = { ...uploadHeaders(content), ...more.headers };
    return this.call(packagePath(content.id), { method: 'PUT', body: content.bytes, ...more, headers });
  }

  held(id: string): HeldPackage | undefined {
    return this.observed?.packages.find((held) => held.id === id);
  }

  /** Resolves with the first report that `find` gives something for. */
  until<T>(find: (observed: DistObserved) => T | undefined): Promise<T> {
    return new Promise((resolve) => {
      const look = (): void => {
        const found = this.observed === undefined ? undefined : find(this.observed);
        if (found === undefined) return;
        this.listeners = this.listeners.filter((listener) => listener !== look);
        resolve(found);
      };
      this.listeners.push(look);
      look();
    });
  }

  /** Resolves when the service has looked at everything, after all that it was told before. */
  async settled(): Promise<void> {
    // The first report may be of a look that began before.
    for (let reports = 0; reports < 2; reports++)
      await new Promise<void>((resolve) => {
        const hear = (): void => {
          this.listeners = this.listeners.filter((listener) => listener !== hear);
          resolve();
        };
        this.listeners.push(hear);
      });
  }

  /** Resolves when the package is reported so. */
  untilHeld(id: string, state: HeldPackage['state']): Promise<HeldPackage> {
    return this.until(({ packages }) => packages.find((held) => held.id === id && held.state === state));
  }

  async eventually(check: () => boolean | Promise<boolean>): Promise<void> {
    while (!(await check())) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  async restart(): Promise<void> {
    await this.service.stop(1000);
    await this.start();
    await this.eventually(() => this.service.notReady() === undefined);
  }

  async stop(): Promise<void> {
    await this.service.stop(1000);
    rmSync(this.directory, { recursive: true, force: true });
  }

  private hear(observed: DistObserved): void {
    this.observed = observed;
    for (const listener of [...this.listeners]) listener();
  }
}
