/** A distribution service: stores what is permitted or mirrored, and gives out nothing that it has not verified. */
import type { JsonObject } from '../../lib/base/json';
import type { DistDesired, DistObserved, HeldPackage, WantedPackage } from '../../lib/drivers/agent-documents';
import { bodyOf, DOCUMENT_KIND } from '../../lib/drivers/agent-documents';
import type { AgentFailure } from '../../lib/drivers/agent-result';
import { mayBecome } from '../../lib/drivers/may-become';
import { checkPermit } from '../../lib/drivers/permit';
import { readDistDesired } from '../../lib/drivers/read-documents';
import type { AgentHost } from './host';
import type { PackageFile } from './package-file';
import { readPackage } from './package-file';
import type { SimRegistry } from './registry';

const SCAN_MS = 400;
/** From a change of a file to the look at it. */
const NOTICE_MS = 500;
const FIRST_PAUSE_MS = 5_000;
const LONGEST_PAUSE_MS = 600_000;

/** What a service keeps from Pod to Pod: files as they lie there, and what it wrote down of each. */
export interface DistStorage {
  readonly files: Map<string, PackageFile>;
  /** What a file must hash to, and who brought it. */
  readonly records: Map<string, { readonly sha256: string; readonly podUID?: string }>;
  /** It has a certificate. */
  certified: boolean;
}

interface MirrorTask {
  readonly url: string;
  readonly sha256: string;
  failures: number;
  failure: AgentFailure | undefined;
}

/** An upload; `permit` as the builder was given it. */
export interface Upload {
  readonly id: string;
  readonly permit: string;
  readonly file: PackageFile;
}

export class SimDist {
  private desired: DistDesired | undefined;
  private readonly damaged = new Set<string>();
  private readonly tasks = new Map<string, MirrorTask>();
  private scanned = false;

  constructor(
    private readonly host: AgentHost,
    readonly storage: DistStorage,
    private readonly registry: SimRegistry,
  ) {
    host.life.after(SCAN_MS, () => {
      this.scanned = true;
      for (const id of [...storage.files.keys()]) this.look(id);
      this.tell();
    });
  }

  /** Name of its Pod. */
  get pod(): string {
    return this.host.pod.metadata.name;
  }

  /** What the operator wants from now on. */
  take(body: JsonObject): void {
    const read = readDistDesired(body);
    if (!('body' in read)) return;
    this.desired = read.body;
    // It serves by TLS only: without a certificate there is nothing to be ready with. The one it has lies on its disk.
    this.storage.certified ||= read.body.certificate !== undefined;
    this.host.control.ready(this.storage.certified);
    this.mirror(read.body.packages);
    this.tell();
  }

  /** Takes a package, or says why not. */
  upload({ id, permit, file }: Upload): AgentFailure | undefined {
    const refuse = (code: string, parameters: Record<string, string> = { id }): AgentFailure => ({ code, parameters });
    const { desired, storage } = this;
    if (desired === undefined)
      return refuse('DistNotReady', { cause: 'the operator has not told it yet what to hold' });
    const verdict = checkPermit(permit, desired.permitKeys, { packageId: id, now: this.host.life.clock.now() });
    if ('problem' in verdict) return refuse('UploadNotPermitted', { problem: verdict.problem });
    const wanted = desired.packages.find((each) => each.id === id);
    if (wanted === undefined) return refuse('PackageNotWanted');
    this.look(id);
    const there = storage.records.get(id);
    if (there?.sha256 === file.sha256) return undefined;
    const { podUID } = verdict.claims;
    if (!mayBecome(wanted, there, { sha256: file.sha256, podUID })) return refuse('PackageConflict');
    if (readPackage(file) === undefined) return refuse('PackageManifestInvalid', { id, problem: 'it is no package' });
    this.store(id, file, podUID);
    return undefined;
  }

  /** The bytes of a package, verified at this moment. */
  serve(id: string): PackageFile | AgentFailure {
    this.look(id);
    const file = this.storage.files.get(id);
    return file ?? { code: 'PackageNotStored', parameters: { id } };
  }

  /** Somebody did something to its files. */
  touched(): void {
    this.host.life.after(NOTICE_MS, () => {
      for (const id of [...this.storage.records.keys()]) this.look(id);
      if (this.desired !== undefined) this.mirror(this.desired.packages);
      this.tell();
    });
  }

  private store(id: string, file: PackageFile, podUID?: string): void {
    this.storage.files.set(id, file);
    this.storage.records.set(id, { sha256: file.sha256, ...(podUID === undefined ? {} : { podUID }) });
    this.damaged.delete(id);
    const by = podUID === undefined ? 'mirror' : 'upload';
    this.host.act({ what: 'stored', id, sha256: file.sha256, pod: this.pod, by });
    this.tell();
  }

  /** Whether a file is what it must be: one that is not goes into quarantine. */
  private look(id: string): void {
    const { files, records } = this.storage;
    const file = files.get(id);
    const record = records.get(id);
    if (file?.sha256 === record?.sha256) return;
    files.delete(id);
    records.delete(id);
    if (file !== undefined) {
      this.damaged.add(id);
      this.host.act({ what: 'quarantined', id, pod: this.pod });
    }
    if (this.desired !== undefined) this.mirror(this.desired.packages);
    this.tell();
  }

  private mirror(packages: readonly WantedPackage[]): void {
    const wanted = packages.flatMap(({ id, mirror }) =>
      mirror === undefined || this.storage.records.get(id)?.sha256 === mirror.sha256 ? [] : [{ id, ...mirror }],
    );
    for (const id of [...this.tasks.keys()]) if (!wanted.some((each) => each.id === id)) this.tasks.delete(id);
    for (const { id, url, sha256 } of wanted) {
      const task = this.tasks.get(id);
      if (task?.url === url && task.sha256 === sha256) continue;
      const next: MirrorTask = { url, sha256, failures: 0, failure: undefined };
      this.tasks.set(id, next);
      void this.fetch(id, next);
    }
  }

  private async fetch(id: string, task: MirrorTask): Promise<void> {
    const { life } = this.host;
    const got = await this.registry.fetch(new URL(task.url));
    if (!life.alive || this.tasks.get(id) !== task) return;
    const failure = 'code' in got ? got : this.problemOf(got, task);
    if (failure === undefined) {
      this.tasks.delete(id);
      this.store(id, got as PackageFile);
      return;
    }
    task.failure = failure;
    this.tell();
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** task.failures, LONGEST_PAUSE_MS);
    task.failures += 1;
    life.after(pause, () => {
      if (this.tasks.get(id) === task) void this.fetch(id, task);
    });
  }

  private problemOf(file: PackageFile, { url, sha256 }: MirrorTask): AgentFailure | undefined {
    if (file.sha256 === sha256) return undefined;
    const { host: server, pathname: path } = new URL(url);
    return { code: 'DigestMismatch', parameters: { server, path, actual: file.sha256, expected: sha256 } };
  }

  private tell(): void {
    if (!this.scanned) return;
    const { name, namespace = '' } = this.host.pod.metadata;
    const observed: DistObserved = {
      packages: this.held(),
      certificateRequest: `request of ${namespace}/${name}`,
      full: false,
    };
    this.host.tell(DOCUMENT_KIND.distObserved, bodyOf(observed));
  }

  private held(): readonly HeldPackage[] {
    const held = new Map<string, HeldPackage>();
    for (const id of this.damaged)
      held.set(id, { id, state: 'quarantined', failure: { code: 'PackageCorrupted', parameters: { id } } });
    for (const [id, { failure }] of this.tasks)
      held.set(id, failure === undefined ? { id, state: 'fetching' } : { id, state: 'failed', failure });
    for (const [id, { sha256, podUID }] of this.storage.records) {
      const size = this.storage.files.get(id)?.size ?? 0;
      held.set(id, { id, state: 'stored', sha256, size, ...(podUID === undefined ? {} : { podUID }) });
    }
    return [...held.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  }
}
