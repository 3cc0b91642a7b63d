/**
 * One Pod on its node: pulls, starts, becomes ready, ends, starts again with a growing pause. Keeps its containers'
 * state and tells the kubelet when it moved. Init containers run one after another, the others together.
 */
import type { Random } from '../../controllers/runtime/random';
import type { JsonObject } from '../../lib/base/json';
import type { LiveObject } from '../../lib/base/kube-object';
import type { SimClock } from '../clock';
import { listOf } from '../control-plane/placement';
import type { ContainerBehaviour, ContainerEnd, PodBehaviour, Program, StopReason, StuckReason } from './behaviour';
import type { ContainerState, PodFailed } from './pod-status';
import { initDone, phaseOf, terminatedState } from './pod-status';
import { textOf } from '../text';

export interface PodRunOptions {
  readonly clock: SimClock;
  readonly random: Random;
  readonly behaviour: PodBehaviour;
  /** Something moved: status may differ now. */
  readonly moved: () => void;
}

const FIRST_PAUSE_MS = 10_000;
const LONGEST_PAUSE_MS = 300_000;
/** How long a pull takes to fail. */
const PULL_MS = 2_000;

export class PodRun {
  readonly containers: ContainerState[];
  private readonly timers = new Set<() => void>();
  private readonly launching = new Set<ContainerState>();
  /** Programs that run, each with what stops it. */
  private readonly programs = new Map<ContainerState, (why: StopReason) => void>();
  /** Why the Pod as a whole has failed, where it has. */
  failure: PodFailed | undefined;

  constructor(
    readonly pod: LiveObject,
    private readonly options: PodRunOptions,
  ) {
    const spec = pod.spec ?? {};
    this.containers = [
      ...listOf(spec.initContainers).map((each) => newContainer(each, true)),
      ...listOf(spec.containers).map((each) => newContainer(each, false)),
    ];
  }

  start(): void {
    this.next();
  }

  /** Stops all timers and programs: nothing moves any more. */
  freeze(why: StopReason = 'killed'): void {
    for (const cancel of this.timers) cancel();
    this.timers.clear();
    this.launching.clear();
    const stops = [...this.programs.values()];
    this.programs.clear();
    for (const stop of stops) stop(why);
  }

  /** After a reboot of the node: what ran is dead, and starts again where the restart policy says so. */
  reboot(): void {
    this.freeze();
    if (this.failure !== undefined) return;
    for (const container of this.containers) {
      if (container.state === 'running') this.terminate(container, { code: 255 }, 'Unknown');
    }
    const again = this.policy === 'Always' || (this.policy === 'OnFailure' && !this.ended);
    for (const container of this.containers)
      if (again && (container.init || container.exitCode !== 0 || this.policy === 'Always')) this.reset(container);
    this.options.moved();
    // What had not begun begins now, also where nothing is ever started twice.
    if (!this.ended) this.next();
  }

  /** The whole Pod ends: what runs is killed, nothing starts any more, and the Pod says why. */
  fail(reason: string, message: string): void {
    this.freeze();
    for (const container of this.containers)
      if (container.state === 'running') this.terminate(container, { code: 137 }, 'Error');
    this.failure = { reason, message };
    this.options.moved();
  }

  get ended(): boolean {
    if (this.failure !== undefined) return true;
    const phase = phaseOf(this.containers, this.policy);
    return phase === 'Succeeded' || phase === 'Failed';
  }

  private get policy(): string {
    return textOf(this.pod.spec?.restartPolicy);
  }

  /** Starts what may start now. */
  private next(): void {
    const pendingInit = this.containers.find((each) => each.init && !initDone(each));
    if (pendingInit !== undefined) return pendingInit.state === 'waiting' ? this.launch(pendingInit) : undefined;
    for (const container of this.containers) {
      if (!container.init && container.state === 'waiting' && container.reason !== 'CrashLoopBackOff')
        this.launch(container);
    }
  }

  private launch(container: ContainerState): void {
    if (this.launching.has(container)) return;
    this.launching.add(container);
    const { name, init } = container;
    const restarts = container.restarts + (container.last === undefined ? 0 : 1);
    const behaviour = this.options.behaviour({ pod: this.pod, name, init, restarts }, this.options.random) ?? {};
    if (behaviour.stuck !== undefined) return this.stuck(container, behaviour.stuck);
    container.restarts = restarts;
    container.stuck = 0;
    const pullMs = container.last === undefined ? (behaviour.pullMs ?? 500) : 0;
    this.after(pullMs + (behaviour.startMs ?? 200), () => this.running(container, behaviour));
  }

  /** Tried again after 10 s, 20 s, … five minutes. An image that failed once is said to be backed off from until then. */
  private stuck(container: ContainerState, why: StuckReason): void {
    const wait = Math.min(FIRST_PAUSE_MS * 2 ** container.stuck, LONGEST_PAUSE_MS);
    container.stuck++;
    container.reason = why === 'FailedMount' ? 'ContainerCreating' : 'ErrImagePull';
    this.options.moved();
    if (why === 'ImagePullBackOff')
      this.after(PULL_MS, () => {
        container.reason = 'ImagePullBackOff';
        this.options.moved();
      });
    this.after(wait, () => {
      this.launching.delete(container);
      this.next();
    });
  }

  private running(container: ContainerState, behaviour: ContainerBehaviour): void {
    this.launching.delete(container);
    container.state = 'running';
    container.startedAt = this.options.clock.timestamp();
    if (behaviour.program === undefined) this.runsByTime(container, behaviour);
    else this.runProgram(container, behaviour.program);
    this.options.moved();
    if (container.sidecar) this.next();
  }

  private runsByTime(container: ContainerState, behaviour: ContainerBehaviour): void {
    const { readyMs = 0, runMs } = behaviour;
    const ends = runMs ?? (container.init && !container.sidecar ? 1000 : undefined);
    container.ready = readyMs === 0 && !(container.init && !container.sidecar);
    if (readyMs > 0) this.after(readyMs, () => this.becomeReady(container));
    if (ends !== undefined) this.after(ends, () => this.exit(container, behaviour.exit ?? { code: 0 }));
  }

  private runProgram(container: ContainerState, program: Program): void {
    container.ready = false;
    let runs = true;
    const stop = program({
      exit: (end) => {
        if (!runs) return;
        runs = false;
        this.programs.delete(container);
        this.exit(container, end);
      },
      ready: (ready) => {
        if (!runs || container.ready === ready) return;
        container.ready = ready;
        this.options.moved();
      },
    });
    if (!runs) return;
    this.programs.set(container, (why) => {
      runs = false;
      stop(why);
    });
  }

  private becomeReady(container: ContainerState): void {
    if (container.state !== 'running') return;
    container.ready = true;
    this.options.moved();
  }

  private exit(container: ContainerState, exit: ContainerEnd): void {
    this.terminate(container, exit, exit.reason ?? (exit.code === 0 ? 'Completed' : 'Error'));
    const failedInit = container.init && !container.sidecar && exit.code !== 0;
    const restart =
      container.init && !container.sidecar ? failedInit && this.policy !== 'Never' : this.restarts(exit.code);
    if (restart) this.pause(container);
    this.options.moved();
    if (!restart && container.init && exit.code === 0) this.next();
  }

  private restarts(code: number): boolean {
    return this.policy === 'Always' || (this.policy === 'OnFailure' && code !== 0);
  }

  private terminate(container: ContainerState, exit: { code: number; message?: string }, reason: string): void {
    const finishedAt = this.options.clock.timestamp();
    Object.assign(container, {
      state: 'terminated',
      reason,
      ready: false,
      exitCode: exit.code,
      message: exit.message,
      finishedAt,
    });
  }

  /** The first restart is at once, the later ones after 10 s, 20 s, … five minutes. */
  private pause(container: ContainerState): void {
    const wait =
      container.restarts === 0 ? 0 : Math.min(FIRST_PAUSE_MS * 2 ** (container.restarts - 1), LONGEST_PAUSE_MS);
    this.reset(container);
    container.reason = wait === 0 ? 'ContainerCreating' : 'CrashLoopBackOff';
    this.after(wait, () => {
      container.reason = 'ContainerCreating';
      this.next();
    });
  }

  private reset(container: ContainerState): void {
    if (container.state === 'terminated') container.last = terminatedState(container);
    Object.assign(container, {
      state: 'waiting',
      reason: 'ContainerCreating',
      ready: false,

      exitCode: 0,
      message: undefined,
    });
  }

  private after(ms: number, wake: () => void): void {
    const cancel = this.options.clock.after(ms, () => {
      this.timers.delete(cancel);
      wake();
    });
    this.timers.add(cancel);
  }
}

const newContainer = (spec: JsonObject, init: boolean): ContainerState => ({
  name: textOf(spec.name),
  image: textOf(spec.image),
  init,
  sidecar: init && spec.restartPolicy === 'Always',
  state: 'waiting',
  reason: init ? 'ContainerCreating' : 'PodInitializing',
  ready: false,
  restarts: 0,
  stuck: 0,
  exitCode: 0,
  message: undefined,
  startedAt: undefined,
  finishedAt: undefined,
  last: undefined,
});
