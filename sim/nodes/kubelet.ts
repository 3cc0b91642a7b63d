/**
 * A kubelet: runs the Pods bound to its node, writes their status when it moves, and ends them when they are deleted.
 * Writes nothing while nothing changes: its heartbeat is a Lease in reality, and none here.
 */
import type { Random } from '../../controllers/runtime/random';
import type { JsonObject } from '../../lib/base/json';
import type { LiveObject } from '../../lib/base/kube-object';
import { keyOf, refOf } from '../../lib/base/kube-object';
import { isApiError } from '../../controllers/kube/api-error';
import { sameJson } from '../../synth/json-equal';
import type { Indexes } from '../api/indexes';
import type { ApiServer } from '../api/server';
import type { PodBehaviour } from './behaviour';
import { PodRun } from './pod-run';
import { podStatus } from './pod-status';

export interface KubeletOptions {
  readonly node: string;
  readonly address: string;
  /** Pods without the host's network get addresses below it: `10.244.3`. */
  readonly podSubnet: string;
  readonly server: ApiServer;
  readonly indexes: Indexes;
  readonly random: Random;
  readonly behaviour: PodBehaviour;
  /** Virtual milliseconds that containers take to stop when asked to, at most their grace period. */
  readonly stopMs: number;
}

/** From a change of a Pod to the kubelet's reaction, and between its writes of status. */
const REACTION_MS = 20;

export class Kubelet {
  private readonly runs = new Map<string, PodRun>();
  private readonly addresses = new Map<string, string>();
  private readonly dirty = new Set<string>();
  private readonly stopping = new Set<string>();
  private lastAddress = 1;
  private up = true;

  constructor(private readonly options: KubeletOptions) {}

  /** A Pod of this node was written. */
  notice(pod: LiveObject, gone: boolean): void {
    const { uid } = pod.metadata;
    if (gone) return this.forget(uid);
    if (!this.up) return;
    if (!this.runs.has(uid)) this.later(() => this.take(uid));
    if (pod.metadata.deletionTimestamp !== undefined) this.later(() => this.stop(uid));
  }

  /** The machine loses power or is cut off for good: nothing moves until `comeBack`. */
  goDown(): void {
    this.up = false;
    for (const run of this.runs.values()) run.freeze();
  }

  /** The machine runs again: every container that ran is dead, and Pods that were deleted meanwhile end. */
  comeBack(): void {
    this.up = true;
    this.stopping.clear();
    for (const run of [...this.runs.values()]) run.reboot();
    for (const pod of this.options.indexes.podsOnNode(this.options.node)) this.notice(pod, false);
  }

  /** Ends a Pod for good, as an eviction or a deadline does. Nothing happens to one that has ended. */
  fail(uid: string, reason: string, message: string): void {
    const run = this.runs.get(uid);
    if (this.up && run !== undefined && !run.ended) run.fail(reason, message);
  }

  private later(act: () => void, ms = REACTION_MS): void {
    this.options.server.core.clock.after(ms, () => {
      if (this.up) act();
    });
  }

  private live(uid: string): LiveObject | undefined {
    return this.options.server.core.store.getByUid(uid);
  }

  private take(uid: string): void {
    const pod = this.live(uid);
    if (pod === undefined || this.runs.has(uid) || pod.metadata.deletionTimestamp !== undefined) return;
    if (pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') return;
    const { random, behaviour, server } = this.options;
    const run = new PodRun(pod, { clock: server.core.clock, random, behaviour, moved: () => this.mark(uid) });
    this.runs.set(uid, run);
    this.mark(uid);
    run.start();
  }

  private mark(uid: string): void {
    if (this.dirty.has(uid)) return;
    this.dirty.add(uid);
    this.options.server.core.clock.after(REACTION_MS, () => this.report(uid));
  }

  private report(uid: string): void {
    this.dirty.delete(uid);
    const pod = this.live(uid);
    const run = this.runs.get(uid);
    if (pod === undefined || run === undefined || !this.up) return;
    const time = this.options.server.core.clock.timestamp();
    const { address } = this.options;
    const place = { hostIP: address, podIP: this.addressOf(pod), time, failed: run.failure };
    const status = podStatus(pod, run.containers, place);
    if (!sameJson(status, pod.status)) this.write(pod, status);
  }

  private write(pod: LiveObject, status: JsonObject): void {
    const user = `system:node:${this.options.node}`;
    this.options.server.replace({ ...pod, status }, { user, manager: 'kubelet', subresource: 'status', trusted: true });
  }

  private addressOf(pod: LiveObject): string {
    if (pod.spec?.hostNetwork === true) return this.options.address;
    const known = this.addresses.get(pod.metadata.uid) ?? `${this.options.podSubnet}.${++this.lastAddress}`;
    this.addresses.set(pod.metadata.uid, known);
    return known;
  }

  /** Containers get their time to stop, then the object goes. */
  private stop(uid: string): void {
    const pod = this.live(uid);
    if (pod === undefined || this.stopping.has(uid)) return;
    this.stopping.add(uid);
    const run = this.runs.get(uid);
    run?.freeze('asked');
    const grace = (pod.metadata.deletionGracePeriodSeconds ?? 0) * 1000;
    const ms = run === undefined || run.ended ? 0 : Math.min(this.options.stopMs, grace);
    this.later(() => this.remove(uid), ms);
  }

  private remove(uid: string): void {
    const pod = this.live(uid);
    if (pod === undefined) return;
    const user = `system:node:${this.options.node}`;
    try {
      this.options.server.delete(refOf(pod), { user, uid, propagation: 'Background', gracePeriodSeconds: 0 });
    } catch (thrown) {
      if (!isApiError(thrown, 'NotFound')) throw thrown;
    }
  }

  private forget(uid: string): void {
    this.runs.get(uid)?.freeze();
    this.runs.delete(uid);
    this.addresses.delete(uid);
    this.stopping.delete(uid);
  }

  /** Names of the Pods that it runs, for assertions. */
  running(): readonly string[] {
    return [...this.runs.values()].map((run) => keyOf(run.pod).name).sort();
  }
}
