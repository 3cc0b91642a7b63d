import type { DistDesired, DistObserved, WantedPackage } from '../../lib/drivers/agent-documents';
import type { HttpClient } from '../shared/http-client';
import { createHttpClient } from '../shared/http-client';
import type { Log } from '../shared/log';
import type { Held } from './decide';
import { judgeRoom, judgeUnwanted, MAX_PACKAGE_BYTES, observe, toMirror } from './decide';
import type { Served } from './http-server';
import { HttpServer } from './http-server';
import { Intake } from './intake';
import type { DistMetrics } from './metrics';
import { createDistMetrics } from './metrics';
import { Mirror } from './mirror';
import type { PackageStoreOptions } from './package-store';
import { PackageStore, prepareDirectory } from './package-store';
import type { ServingIdentity } from './serving-identity';
import { Worker } from './worker';

export interface DistServiceOptions {
  /** Where packages are kept. */
  readonly directory: string;
  /** What differs from the defaults of the store. */
  readonly storage?: Pick<PackageStoreOptions, 'cacheBytes' | 'keptFree'>;
  readonly identity: ServingIdentity;
  /** Port to listen on; 0: any free one. */
  readonly port: number;
  /** Default: all addresses. */
  readonly host?: string;
  readonly log: Log;
  /** Makes the link to the operator; `desire` is to be told what the operator desires, later. */
  readonly connect: (desire: (desired: DistDesired) => void) => OperatorLink;
  /** Milliseconds since the epoch. Default: the machine's clock. */
  readonly now?: () => number;
  /** Everything is looked at again at least this often, in milliseconds. Default one minute. */
  readonly recheckMs?: number;
  /** Waits of the mirror after failures in a row, in milliseconds. */
  readonly backoffMs?: (failures: number) => number;
}

/** The way to the operator. */
export interface OperatorLink {
  /** Tells what is seen here; equal news are nobody's news. */
  report(observed: DistObserved): void;
  stop(): Promise<void>;
}

const RECHECK_MS = 60_000;

/**
 * A distribution service: makes its storage be what the operator desires, serves it, and tells what it has. It serves what
 * it has while the operator is away.
 */
export class DistService {
  private readonly store: PackageStore;
  private readonly intake: Intake;
  private readonly mirror: Mirror;
  private readonly metrics: DistMetrics;
  private readonly worker: Worker;
  private readonly timer: NodeJS.Timeout;
  private readonly link: OperatorLink;
  private desired: DistDesired | undefined;
  private client: HttpClient | undefined;
  private unwanted: ReadonlyMap<string, number> = new Map();
  private server: HttpServer | undefined;
  /** Where it listens. Absent: it has no certificate yet. */
  port: number | undefined;

  private constructor(private readonly options: DistServiceOptions) {
    const { directory, storage, log, backoffMs } = options;
    this.worker = new Worker(() => this.converge(), log);
    const onChange = (): void => this.worker.wake();
    const onQuarantine = (): void => this.metrics.quarantines.inc();
    this.store = new PackageStore({ ...storage, directory, log, onChange, onQuarantine });
    const wanted = (id: string): WantedPackage | undefined =>
      this.desired?.packages.find((candidate) => candidate.id === id);
    this.intake = new Intake({ store: this.store, wanted, makeRoom: (bytes) => this.makeRoom(bytes) });
    this.metrics = this.createMetrics();
    this.mirror = new Mirror({
      intake: this.intake,
      client: () => (this.client ??= createHttpClient(this.desired ?? {})),
      log,
      maxBytes: MAX_PACKAGE_BYTES,
      onChange,
      onFetch: (outcome) => this.metrics.fetches.inc({ outcome }),
      ...(backoffMs === undefined ? {} : { backoffMs }),
    });
    this.link = options.connect((desired) => this.desire(desired));
    const recheck = (): void => void this.store.recheck().then(onChange);
    this.timer = setInterval(recheck, options.recheckMs ?? RECHECK_MS);
  }

  /** Begins to verify what is stored, and serves as soon as it has a certificate. Rejects where the port is taken. */
  static async start(options: DistServiceOptions): Promise<DistService> {
    await prepareDirectory(options.directory);
    const service = new DistService(options);
    await service.serve();
    service.worker.wake();
    return service;
  }

  /** What it still waits for; `undefined`: it serves. */
  notReady(): string | undefined {
    if (this.server === undefined) return 'the operator has not signed its certificate yet';
    return this.store.scanned ? undefined : 'stored packages are being verified';
  }

  /** Ends; downloads under way have `graceMs` to finish. */
  async stop(graceMs: number): Promise<void> {
    clearInterval(this.timer);
    const closed = this.server?.close(graceMs);
    // Before the mirror: it would be told to fetch again.
    await Promise.all([this.link.stop(), this.worker.stop()]);
    await this.mirror.stop();
    this.closeClient();
    await closed;
    this.store.close();
  }

  private desire(desired: DistDesired): void {
    const before = this.desired;
    this.desired = desired;
    this.store.space.limitBytes = desired.limitBytes;
    if (wayOut(before) !== wayOut(desired)) this.closeClient();
    this.worker.wake();
  }

  /** One look at everything: certificate, what to fetch, what to remove, what to tell. */
  private async converge(): Promise<void> {
    await this.takeCertificate();
    // What lies there and was not looked at yet must not be fetched, nor missed, again.
    await this.store.scan;
    await this.adopt();
    await this.removeUnwanted();
    this.mirror.set(toMirror(this.desired, this.storedBytes()));
    await this.tell();
  }

  private async takeCertificate(): Promise<void> {
    const certificate = this.desired?.certificate;
    const { identity, log } = this.options;
    if (certificate === undefined || !(await identity.accept(certificate))) return;
    log.info('Serving with a new certificate');
    if (this.server === undefined) await this.serve();
    else if (identity.serving !== undefined) this.server.renew(identity.serving);
  }

  private async serve(): Promise<void> {
    const { identity, port, host, log } = this.options;
    if (identity.serving === undefined) return;
    const server = new HttpServer(this.served(), identity.serving);
    this.port = await server.listen(port, host);
    this.server = server;
    log.info('Serving', { port: this.port });
  }

  private served(): Served {
    const uploads = { intake: this.intake, desired: () => this.desired, now: () => this.now() };
    const { store, metrics } = this;
    return { store, uploads, metrics, log: this.options.log, notReady: () => this.notReady() };
  }

  /** Files that somebody laid there without a record, of packages whose digest the operator names. */
  private async adopt(): Promise<void> {
    const stored = this.storedBytes();
    for (const { id, sha256, mirror } of this.desired?.packages ?? []) {
      const named = sha256 ?? mirror?.sha256;
      if (named !== undefined && !stored.has(id)) await this.store.adopt(id, named);
    }
  }

  private async removeUnwanted(): Promise<void> {
    const held = this.store.holdings().map(({ id, bytes }): Held => ({ id, ...bytes }));
    const { since, remove } = judgeUnwanted(this.desired, held, this.unwanted, this.now());
    this.unwanted = since;
    for (const id of remove) await this.remove(id);
  }

  private async remove(id: string): Promise<void> {
    this.options.log.info('Removing a package that nobody wants', { package: id });
    await this.store.remove(id);
  }

  /** What is in quarantine goes first, then what nobody wants. */
  private async makeRoom(bytes: number): Promise<void> {
    if ((await this.store.space.available()) >= bytes) return;
    await this.store.emptyQuarantine();
    const missing = bytes - (await this.store.space.available());
    const sizes = new Map(this.store.holdings().map(({ id, size }) => [id, size]));
    for (const id of judgeRoom(missing, this.unwanted, sizes)) await this.remove(id);
  }

  private async tell(): Promise<void> {
    this.link.report(
      observe({
        stored: this.store.holdings().map(({ id, bytes }) => ({ id, ...bytes })),
        quarantined: this.store.quarantined(),
        mirrors: this.mirror.states(),
        certificateRequest: this.options.identity.request,
        full: await this.isFull(),
      }),
    );
  }

  /** Whether a package that is wanted was refused for lack of room, and still would be. */
  private async isFull(): Promise<boolean> {
    const wanted = new Set(this.desired?.packages.map(({ id }) => id));
    const available = await this.store.space.available();
    return [...this.intake.refused].some(([id, bytes]) => wanted.has(id) && bytes > available);
  }

  private createMetrics(): DistMetrics {
    const { store } = this;
    return createDistMetrics({
      packages: () => store.holdings().length,
      quarantined: () => store.quarantined().length,
      usedBytes: () => store.holdings().reduce((sum, { size }) => sum + size, 0),
      freeBytes: () => store.space.available(),
    });
  }

  private storedBytes(): ReadonlyMap<string, { sha256: string; size: number }> {
    return new Map(this.store.holdings().map((found) => [found.id, found]));
  }

  private closeClient(): void {
    void this.client?.close();
    this.client = undefined;
  }

  private now(): number {
    return (this.options.now ?? Date.now)();
  }
}

/** Two documents with the same way out need no new connections. */
const wayOut = (desired: DistDesired | undefined): string => JSON.stringify([desired?.extraCA, desired?.proxy]);
