import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Ended } from './container';
import { Container } from './container';
import type { NodeApi } from './node-api';
import type { ContainerSpec, Image, PodObject } from './pod-spec';
import { commandOf, environmentOf } from './pod-spec';
import type { ContainerRecord, ContainerState, PodCondition } from './pod-status';
import { isReady, podStatus } from './pod-status';
import { probe } from './probe';
import { makeVolumes, NotYet, removeVolumes } from './volumes';

/** What a node gives to its Pods. */
export interface PodSurroundings {
  readonly api: NodeApi;
  /** Directory that is the node's root. */
  readonly root: string;
  readonly hostIP: string;
  readonly podIP: string;
  /** Directory for all of the Pod that is not the node's. */
  readonly directory: string;
  readonly images: ReadonlyMap<string, Image>;
  /** Directory that each container sees: the names that it can find. */
  readonly names: string;
  /** Called whenever the Pod has become ready, or is no longer. */
  readonly changed: () => void;
}

/** A Pod that can't start is looked at again after this. */
const AGAIN_MS = 300;
/** Pauses before a container is started again: at once, then longer and longer. */
const RESTART_MS = [0, 10_000, 20_000, 40_000];

const now = (): string => new Date().toISOString();

/** One Pod of a node, from its first status to its removal. */
export class PodWorker {
  private readonly records = new Map<string, ContainerRecord>();
  private readonly running = new Map<string, Container>();
  private readonly conditions = new Map<string, { readonly status: string; readonly at: string }>();
  private readonly stopping = new AbortController();
  private readonly startTime = now();
  private ended: 'Succeeded' | 'Failed' | undefined;
  private writing: Promise<void> = Promise.resolve();
  private dirty = false;
  private readonly life: Promise<void>;
  private ending: Promise<void> | undefined;

  constructor(
    private pod: PodObject,
    private readonly at: PodSurroundings,
  ) {
    this.life = this.live();
  }

  get podIP(): string {
    return this.at.podIP;
  }

  get labels(): Readonly<Record<string, string>> {
    return this.pod.metadata.labels ?? {};
  }

  get namespace(): string {
    return this.pod.metadata.namespace;
  }

  get name(): string {
    return this.pod.metadata.name;
  }

  get ready(): boolean {
    return this.ended === undefined && isReady({ pod: this.pod, records: this.records });
  }

  /** How often a container was started again. */
  restarts(container: string): number {
    return this.records.get(container)?.restarts ?? 0;
  }

  /** The Pod has changed at the API server. */
  update(pod: PodObject): void {
    this.pod = pod;
    if (pod.metadata.deletionTimestamp !== undefined) this.ending ??= this.end(pod.metadata.deletionGracePeriodSeconds);
  }

  /** Sends a signal to the process of a container, as whoever is root on the node can. */
  kill(container: string, signal: NodeJS.Signals): void {
    const process = this.running.get(container);
    if (process === undefined) throw new Error(`${this.name}: container ${container} does not run`);
    process.signal(signal);
  }

  /** Ends everything at once: the Pod is gone from the API server, or the node is switched off. */
  async halt(): Promise<void> {
    this.stopping.abort();
    for (const container of this.running.values()) container.signal('SIGKILL');
    await this.life;
    await this.ending;
    await removeVolumes(this.at.directory);
  }

  private async live(): Promise<void> {
    try {
      const { spec } = this.pod;
      await mkdir(this.at.directory, { recursive: true });
      const volumes = await this.volumes();
      for (const container of spec.initContainers ?? []) {
        if (!(await this.keep(container, volumes, true))) return this.finish('Failed');
      }
      const ends = await Promise.all(spec.containers.map((container) => this.keep(container, volumes, false)));
      this.finish(ends.every(Boolean) ? 'Succeeded' : 'Failed');
    } catch (error) {
      if (!this.stopping.signal.aborted) this.complain(error);
    }
  }

  private finish(how: 'Succeeded' | 'Failed'): void {
    this.ended = how;
    this.publish();
  }

  private complain(error: unknown): void {
    const state: ContainerState = { at: 'waiting', reason: 'CreateContainerError', message: String(error) };
    for (const { name } of this.pod.spec.containers) this.records.set(name, { state, restarts: 0 });
    this.publish();
  }

  private async volumes(): Promise<ReadonlyMap<string, string>> {
    for (;;) {
      try {
        const { api, directory, root: node } = this.at;
        return await makeVolumes({ api, pod: this.pod, directory: join(directory, 'volumes'), node });
      } catch (error) {
        const message = error instanceof NotYet ? error.message : String(error);
        this.waits(this.pod.spec.containers, 'ContainerCreating', message);
      }
      await wait(AGAIN_MS, undefined, { signal: this.stopping.signal });
    }
  }

  private waits(containers: readonly ContainerSpec[], reason: string, message: string): void {
    for (const { name } of containers) {
      const before = this.records.get(name);
      this.records.set(name, { ...before, restarts: before?.restarts ?? 0, state: { at: 'waiting', reason, message } });
    }
    this.publish();
  }

  /** Runs a container until it is not to be started again; whether it ended well. */
  private async keep(spec: ContainerSpec, volumes: ReadonlyMap<string, string>, init: boolean): Promise<boolean> {
    const { restartPolicy = 'Always' } = this.pod.spec;
    for (let restarts = 0; ; restarts++) {
      const { exitCode } = await this.run(spec, volumes, restarts);
      this.stopping.signal.throwIfAborted();
      const done = exitCode === 0 && (init || restartPolicy !== 'Always');
      if (done || restartPolicy === 'Never') return exitCode === 0;
      await wait(RESTART_MS[Math.min(restarts, RESTART_MS.length - 1)], undefined, { signal: this.stopping.signal });
    }
  }

  private async run(spec: ContainerSpec, volumes: ReadonlyMap<string, string>, restarts: number): Promise<Ended> {
    const container = await this.start(spec, await this.image(spec), volumes);
    const last = this.records.get(spec.name)?.state;
    const kept = last?.at === 'terminated' ? { last } : {};
    const started = now();
    const record = (state: ContainerState): void => {
      this.records.set(spec.name, { restarts, ...kept, state });
      this.publish();
    };
    record({ at: 'running', since: started, ready: spec.readinessProbe === undefined });
    this.running.set(spec.name, container);
    // It was being made while the Pod was told to go.
    if (this.stopping.signal.aborted) container.signal('SIGTERM');
    const over = new AbortController();
    const probed = probe(spec.readinessProbe, { container, host: this.podIP, signal: over.signal }, (ready) =>
      record({ at: 'running', since: started, ready }),
    );
    const ended = await container.ended;
    this.running.delete(spec.name);
    over.abort();
    await probed;
    record({ at: 'terminated', ...ended, started, finished: now() });
    return ended;
  }

  private async image(spec: ContainerSpec): Promise<Image> {
    for (;;) {
      const image = this.at.images.get(spec.image);
      if (image !== undefined) return image;
      this.waits([spec], 'ImagePullBackOff', `Back-off pulling image "${spec.image}"`);
      await wait(AGAIN_MS, undefined, { signal: this.stopping.signal });
    }
  }

  private start(spec: ContainerSpec, image: Image, volumes: ReadonlyMap<string, string>): Promise<Container> {
    const { directory, root, podIP, names } = this.at;
    const mounts = (spec.volumeMounts ?? []).map(({ name, mountPath, readOnly = false }) => {
      const source = volumes.get(name);
      if (source === undefined) throw new Error(`volume ${name} is not one of the Pod's`);
      return { source, target: mountPath, readOnly };
    });
    return Container.start({
      directory: join(directory, 'containers', spec.name),
      image: image.files,
      node: root,
      command: commandOf(spec, image),
      environment: { ...environmentOf(this.pod, spec, image), STAND_IN_POD_ADDRESS: podIP },
      mounts: [
        { source: names, target: '/run/names', readOnly: true },
        // A link, not a copy: each image has it.
        { source: process.execPath, target: '/usr/local/bin/node', readOnly: true },
        ...mounts,
      ],
      log: `${directory}-${spec.name}.log`,
    });
  }

  /** The Pod is to go: its containers are told, and killed when they take too long; then it is removed. */
  private async end(graceSeconds = 30): Promise<void> {
    this.stopping.abort();
    this.at.changed();
    for (const container of this.running.values()) container.signal('SIGTERM');
    const late = new AbortController();
    const kill = wait(graceSeconds * 1000, undefined, { signal: late.signal }).then(
      () => [...this.running.values()].forEach((container) => container.signal('SIGKILL')),
      () => undefined,
    );
    await this.life;
    late.abort();
    await kill;
    this.publish();
    await this.writing;
    await this.remove();
  }

  private async remove(): Promise<void> {
    const { name, namespace, uid } = this.pod.metadata;
    const body = { apiVersion: 'v1', kind: 'DeleteOptions', gracePeriodSeconds: 0, preconditions: { uid } };
    // Gone already, or the API server is: then the next start of a kubelet would see to it.
    await this.at.api.call('DELETE', `/api/v1/namespaces/${namespace}/pods/${name}`, body).catch(() => undefined);
  }

  /** Writes the status as it is now; what changes while one is being written is written after it, once. */
  private publish(): void {
    this.at.changed();
    if (this.dirty) return;
    this.dirty = true;
    this.writing = this.writing.then(() => {
      this.dirty = false;
      return this.write();
    });
  }

  private since({ type, status }: PodCondition): string {
    const known = this.conditions.get(type);
    if (known?.status === status) return known.at;
    const at = now();
    this.conditions.set(type, { status, at });
    return at;
  }

  private async write(): Promise<void> {
    const { name, namespace, uid } = this.pod.metadata;
    const { hostIP, podIP } = this.at;
    const { pod, startTime, records, ended } = this;
    const since = (condition: PodCondition): string => this.since(condition);
    const facts = { pod, hostIP, podIP, startTime, records, since };
    const status = podStatus({ ...facts, ...(ended === undefined ? {} : { ended }) });
    const path = `/api/v1/namespaces/${namespace}/pods/${name}/status`;
    const body = { metadata: { uid }, status };
    await this.at.api.call('PATCH', path, body, 'application/strategic-merge-patch+json').catch(() => undefined);
  }
}
