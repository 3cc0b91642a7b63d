/**
 * The agents of driver distribution on simulated machines: builders, distribution services, loaders and observers run in the
 * Pods that the operator makes for them, and speak with the manager that leads.
 */
import type { JsonObject } from '../../lib/base/json';
import type { LiveObject } from '../../lib/base/kube-object';
import { LABEL } from '../../lib/base/names';
import { MAIN_CONTAINER } from '../../lib/container/build-end';
import { isDriverMode } from '../../lib/container/modes';
import type { AgentId } from '../../lib/drivers/agent-documents';
import { DOCUMENT_KIND } from '../../lib/drivers/agent-documents';
import type { LoadResult } from '../../lib/drivers/agent-result';
import { LOADER_CONTAINER } from '../../lib/drivers/load-pod';
import { OBSERVER_CONTAINER, OBSERVER_ROLE } from '../../lib/drivers/observer-pod';
import { identify } from '../../lib/operator/agent-identity';
import type { Store } from '../api/store';
import type { SimClock } from '../clock';
import type { ContainerInPod, PodBehaviour, Program } from '../nodes/behaviour';
import { forkRandom } from '../random';
import { textOf } from '../text';
import type { ActListener, AgentAct } from './acts';
import type { BuildTrouble } from './builder';
import { SimBuilder } from './builder';
import { SimDist } from './dist';
import type { AgentPort } from './exchange';
import type { AgentHost } from './host';
import { Life } from './life';
import { SimLoader } from './loader';
import type { MachineTraits } from './machine';
import { Machines } from './machines';
import { Network } from './network';
import type { SimRegistry } from './registry';
import { Session } from './session';
import { Storages } from './storages';
import { lookAround, watchModules } from './watcher';

export interface SimAgentsOptions {
  readonly seed: number;
  /** The world outside. */
  readonly registry: SimRegistry;
  readonly operatorNamespace: string;
  /** By name of the node; what is not there is ordinary. */
  readonly machines?: Readonly<Record<string, MachineTraits>>;
}

/** Which agent a container runs. */
type AgentName = 'dist' | 'builder' | 'load' | 'watch' | 'observer';

/** What agents stand on, once they are part of a cluster. */
interface Ground {
  readonly clock: SimClock;
  readonly store: Store;
  readonly network: Network;
}

export class SimAgents {
  readonly machines: Machines;
  readonly storages = new Storages();
  /** What becomes of builds from now on. */
  builds: BuildTrouble = {};
  private ground: Ground | undefined;
  private port: AgentPort | undefined;
  private endPort: (() => void) | undefined;
  private readonly listeners = new Set<ActListener>();
  private readonly sessions = new Set<Session>();
  /** Nodes whose agents don't reach the operator. */
  private readonly silent = new Set<string>();
  /** Services that run, by UID of their Pod. */
  private readonly dists = new Map<string, SimDist>();
  /** What attempts came to, by UID of their Pod. */
  private readonly results = new Map<string, LoadResult>();

  constructor(private readonly options: SimAgentsOptions) {
    this.machines = new Machines(options.machines);
  }

  /** Becomes part of a cluster. Until then Pods of agents do what all Pods do. */
  join({ clock, store }: { readonly clock: SimClock; readonly store: Store }): void {
    this.ground = { clock, store, network: new Network(store) };
    this.options.registry.join(clock);
    this.machines.follow(store);
  }

  /** The manager that leads from now on; `undefined`: none does. */
  connect(port: AgentPort | undefined): void {
    this.endPort?.();
    this.port = port;
    this.endPort = port?.onDesired((agent) => {
      for (const session of this.sessions) if (session.agent === agent) session.hint();
    });
    if (port !== undefined) for (const session of this.sessions) session.moved();
  }

  /** Calls `listener` on each act. */
  onAct(listener: ActListener): void {
    this.listeners.add(listener);
  }

  /** Nodes from which nothing gets through to any service. */
  get blocked(): Set<string> {
    return this.standing.network.blocked;
  }

  /** From now on the agents on a node reach neither the operator nor any service. The result ends that. */
  cut(node: string): () => void {
    this.silent.add(node);
    this.blocked.add(node);
    return () => {
      this.silent.delete(node);
      this.blocked.delete(node);
      for (const session of this.sessions) if (session.node === node) session.moved();
    };
  }

  /** The service that runs in the Pod of that name; `undefined`: none does. */
  dist(pod: string): SimDist | undefined {
    return [...this.dists.values()].find((dist) => dist.pod === pod);
  }

  /** What the containers of agents' Pods do; nothing is said of others. */
  readonly behaviour: PodBehaviour = (container) => {
    const agent = this.ground === undefined ? undefined : agentIn(container);
    return agent === undefined ? undefined : { program: this.program(agent, container) };
  };

  private get standing(): Ground {
    if (this.ground === undefined) throw new Error('the agents have not joined a cluster');
    return this.ground;
  }

  private program(agent: AgentName, { pod, restarts }: ContainerInPod): Program {
    return (control) => {
      const { clock } = this.standing;
      const { seed } = this.options;
      const random = forkRandom(seed, `agent ${agent} ${pod.metadata.namespace}/${pod.metadata.name} ${restarts}`);
      const machine = this.machines.get(textOf(pod.spec?.nodeName));
      const life = new Life(clock);
      const unheard = (): void => undefined;
      const act = (what: AgentAct): void => this.listeners.forEach((listener) => listener(what));
      const stop = this.run(agent, { pod, machine, life, random, control, act, tell: unheard });
      return (why) => {
        stop(why);
        life.end();
      };
    };
  }

  private run(agent: AgentName, host: AgentHost): ReturnType<Program> {
    const { uid } = host.pod.metadata;
    const nothing = (): void => undefined;
    const distAt = (url: string, node: string) => this.distAt(url, node);
    switch (agent) {
      case 'dist':
        return this.runDist(host);
      case 'builder': {
        const builder: SimBuilder = new SimBuilder(
          this.speaking(host, (body) => builder.take(body)),
          { distAt, trouble: () => this.builds },
        );
        return nothing;
      }
      case 'load': {
        const leave = (result: LoadResult): void => void this.results.set(uid, result);
        const loader = new SimLoader(host, { store: this.standing.store, distAt, leave });
        return (why) => loader.stop(why);
      }
      case 'watch':
        watchModules(host, () => this.results.get(uid));
        return nothing;
      case 'observer':
        this.observe(host);
        return nothing;
    }
  }

  private runDist(host: AgentHost): ReturnType<Program> {
    const { uid } = host.pod.metadata;
    const storage = this.storages.of(host.pod, host.machine);
    const dist: SimDist = new SimDist(
      this.speaking(host, (body) => dist.take(body)),
      storage,
      this.options.registry,
    );
    this.dists.set(uid, dist);
    return () => void this.dists.delete(uid);
  }

  private observe(host: AgentHost): void {
    const { tell, life, control, machine } = this.speaking(host, () => undefined);
    const look = (): void => tell(DOCUMENT_KIND.nodeObserved, lookAround(host));
    life.with(machine.onChange(() => life.after(1_000, look)));
    life.after(300, () => {
      look();
      control.ready(true);
    });
  }

  /** The host of an agent that talks to the operator. */
  private speaking(host: AgentHost, take: (body: JsonObject) => void): AgentHost {
    const { life, random, pod } = host;
    const identity = (): AgentId | undefined => this.identityOf(pod);
    const node = textOf(pod.spec?.nodeName);
    const port = (): AgentPort | undefined => (this.silent.has(node) ? undefined : this.port);
    const session = new Session({ life, random, node, take, identity, port });
    this.sessions.add(session);
    life.with(() => void this.sessions.delete(session));
    return { ...host, tell: (kind, body) => session.tell(kind, body) };
  }

  /** Who the gateway takes the Pod for: the rules are the operator's own. */
  private identityOf({ metadata, spec }: LiveObject): AgentId | undefined {
    const { store, clock } = this.standing;
    const { name, namespace = '', uid } = metadata;
    const pod = store.getByUid(uid);
    const owner = pod?.metadata.ownerReferences?.find(({ controller }) => controller === true);
    const found = identify({
      claim: { name, namespace, uid, node: textOf(spec?.nodeName) },
      pod,
      owner: owner === undefined ? undefined : store.getByUid(owner.uid),
      operatorNamespace: this.options.operatorNamespace,
      now: clock.now(),
    });
    return 'agent' in found ? found.agent : undefined;
  }

  private distAt(url: string, node: string): SimDist | { readonly cause: string } {
    const found = this.standing.network.podAt(url, node);
    if ('cause' in found) return found;
    return this.dists.get(found.pod.metadata.uid) ?? { cause: 'the connection is refused' };
  }
}

/** The agent that a container runs; `undefined`: it is none of ours. */
const agentIn = ({ pod, name, init }: ContainerInPod): AgentName | undefined => {
  const { labels = {} } = pod.metadata;
  const mode = labels[LABEL.mode] ?? '';
  if (labels[LABEL.childRole] === OBSERVER_ROLE && name === OBSERVER_CONTAINER) return 'observer';
  if (labels[LABEL.driversTarget] !== undefined) return loaderPart(name, init);
  if (name !== MAIN_CONTAINER || !isDriverMode(mode)) return undefined;
  return mode === 'drivers-dist' ? 'dist' : 'builder';
};

const loaderPart = (name: string, init: boolean): AgentName | undefined => {
  if (init) return name === LOADER_CONTAINER.load ? 'load' : undefined;
  return name === LOADER_CONTAINER.watch ? 'watch' : undefined;
};
