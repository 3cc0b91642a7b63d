import { offlineInstallation } from '../../controllers/installation';
import { reconcilers } from '../../controllers/reconcilers';
import type { ClusterClient } from '../../controllers/kube/cluster-client';
import { silentLogger } from '../../controllers/runtime/log';
import { createManager } from '../../controllers/runtime/manager';
import { noMetrics } from '../../controllers/runtime/metrics';
import { OPERATOR_NAMESPACE } from '../../lib/base/names';
import type { SimClock } from '../../sim/clock';
import { SimProcess } from '../../sim/faults/process';
import type { ManagerControl } from '../../sim/faults/moments';
import type { Named } from '../../sim/faults/plan';
import { forkRandom } from '../../sim/random';

export interface ManagersOptions {
  readonly seed: number;
  readonly clock: SimClock;
  readonly clientOf: (process: SimProcess) => ClusterClient;
  readonly leaderElection: boolean;
}

interface Running {
  readonly process: SimProcess;
  /** Resolves when it has stopped in good order. */
  readonly stop: () => Promise<void>;
}

/** How long Kubernetes takes to start a manager again that ended by itself. */
const RESTART_MS = 5_000;

/** The manager processes of a scenario: started, killed, replaced by another version, doubled. */
export class Managers implements ManagerControl {
  private readonly running = new Map<SimProcess, Running>();
  private count = 0;

  /** `image`: the version that all processes are of from now on. */
  constructor(
    private image: string,
    private readonly options: ManagersOptions,
  ) {}

  /** Starts a process. */
  start(): SimProcess {
    const { image } = this;
    const name = `manager-${this.count++}`;
    const process = new SimProcess(name, this.options.clock);
    const abort = new AbortController();
    const { seed, leaderElection } = this.options;
    const manager = createManager({
      client: this.options.clientOf(process),
      clock: process.clock,
      random: forkRandom(seed, name),
      logger: silentLogger,
      reconcilers: reconcilers(offlineInstallation({ operatorImage: image })),
      namespaces: [],
      operatorNamespace: OPERATOR_NAMESPACE,
      identity: name,
      leaderElection: leaderElection ? {} : false,
      metrics: noMetrics,
    });
    // A process that ends by itself (it lost the Lease) is started again, as its Deployment does.
    const ended = manager.start(abort.signal).catch(() => this.replace(process, RESTART_MS));
    const stop = (): Promise<void> => {
      abort.abort(new Error('the manager is told to stop'));
      return ended;
    };
    this.running.set(process, { process, stop });
    return process;
  }

  /** A process is dead: another one takes its place. */
  crashed(process: SimProcess, { down }: Named<'crash'>): void {
    this.replace(process, down);
  }

  changeVersion({ image, down }: Named<'version'>): void {
    this.image = image;
    for (const { process, stop } of [...this.running.values()]) {
      this.running.delete(process);
      void stop().then(() => this.options.clock.after(down, () => this.start()));
    }
  }

  startSecond(): () => void {
    const process = this.start();
    return () => {
      const found = this.running.get(process);
      this.running.delete(process);
      void found?.stop();
    };
  }

  jump(ms: number): void {
    for (const process of this.running.keys()) process.jump(ms);
  }

  /** Stops all; resolves when they have stopped. The clock must run meanwhile. */
  async stop(): Promise<void> {
    const all = [...this.running.values()];
    this.running.clear();
    await Promise.all(all.map(({ stop }) => stop()));
  }

  private replace(process: SimProcess, down: number): void {
    if (!this.running.delete(process)) return;
    this.options.clock.after(down, () => this.start());
  }
}
