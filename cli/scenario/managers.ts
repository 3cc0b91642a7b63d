import type { Installation } from '../../controllers/installation';
import { offlineInstallation } from '../../controllers/installation';
import type { ClusterClient } from '../../controllers/kube/cluster-client';
import { reconcilers } from '../../controllers/reconcilers';
import { RegistryResolver } from '../../controllers/registry/resolver';
import type { AgentExchange } from '../../controllers/runtime/agent-exchange';
import type { Companion } from '../../controllers/runtime/companion';
import { silentLogger } from '../../controllers/runtime/log';
import { createManager } from '../../controllers/runtime/manager';
import { noMetrics } from '../../controllers/runtime/metrics';
import { OPERATOR_NAMESPACE } from '../../lib/base/names';
import type { AgentPort } from '../../sim/drivers/exchange';
import type { SimRegistry } from '../../sim/drivers/registry';
import type { SimClock } from '../../sim/clock';
import { SimProcess } from '../../sim/faults/process';
import type { ManagerControl } from '../../sim/faults/moments';
import type { Named } from '../../sim/faults/plan';
import { forkRandom } from '../../sim/random';

/** How an installation may be set up otherwise than it is by itself. */
export type ManagerSettings = Partial<Pick<Installation, 'registryUrl' | 'offline' | 'maxBuilds' | 'maxUnavailable'>>;

export interface ManagersOptions {
  readonly seed: number;
  readonly clock: SimClock;
  readonly clientOf: (process: SimProcess) => ClusterClient;
  readonly leaderElection: boolean;
  readonly settings: ManagerSettings;
  /** What is outside of the cluster. */
  readonly registry: SimRegistry;
  /** Told where agents meet the process that acts from now on; `undefined`: none does. */
  readonly onLeader: (port: AgentPort | undefined) => void;
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
  /** Processes that act, the first one first: agents reach that one. Each is born knowing nothing of them. */
  private readonly acting = new Map<SimProcess, AgentExchange>();
  private count = 0;

  /** `image`: the version that all processes are of from now on. */
  constructor(
    private image: string,
    private readonly options: ManagersOptions,
  ) {}

  /** Starts a process. */
  start(): SimProcess {
    const name = `manager-${this.count++}`;
    const process = new SimProcess(name, this.options.clock);
    const abort = new AbortController();
    const { seed, leaderElection } = this.options;
    const installation = this.installation(process);
    const manager = createManager({
      client: this.options.clientOf(process),
      clock: process.clock,
      random: forkRandom(seed, name),
      logger: silentLogger,
      reconcilers: reconcilers(installation),
      exchange: installation.exchange,
      companions: [this.gateway(process, installation.exchange)],
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
    this.left(process);
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

  private installation({ name, clock }: SimProcess): Installation {
    const { registry, seed, settings } = this.options;
    const random = forkRandom(seed, `registry ${name}`);
    const { offline = false } = settings;
    return offlineInstallation({
      ...settings,
      operatorImage: this.image,
      registry: new RegistryResolver({ clock, random, offline, call: (url) => registry.ask(url) }),
      permitKey: `permits of ${name}`,
      caBundle: () => 'the authorities of this simulation',
      signRequest: (request) => `signed: ${request}`,
    });
  }

  /** Agents reach a process while it acts. */
  private gateway(process: SimProcess, exchange: AgentExchange): Companion {
    return {
      name: 'gateway',
      waitingFor: undefined,
      lead: (_reader, signal) => {
        this.acting.set(process, exchange);
        if (this.acting.size === 1) this.options.onLeader(exchange);
        signal.addEventListener('abort', () => this.left(process), { once: true });
        return Promise.resolve();
      },
    };
  }

  private left(process: SimProcess): void {
    const [first] = this.acting.keys();
    if (!this.acting.delete(process) || first !== process) return;
    const [next] = this.acting.values();
    this.options.onLeader(next);
  }

  private replace(process: SimProcess, down: number): void {
    if (!this.running.delete(process)) return;
    this.options.clock.after(down, () => this.start());
  }
}
