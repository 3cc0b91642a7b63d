import type { LogEntry } from '../../controllers/runtime/log';
import { loggerTo } from '../../controllers/runtime/log';
import { createManager } from '../../controllers/runtime/manager';
import type { Manager, ManagerOptions } from '../../controllers/runtime/manager-options';
import type { Metrics } from '../../controllers/runtime/metrics';
import { createMetrics } from '../../controllers/runtime/metrics';
import type { BaseScope, Reconciler } from '../../controllers/runtime/reconciler';
import { conclude, conditionsOf, verdictOf } from '../../lib/base/conditions';
import { OperatorError } from '../../lib/base/errors';
import type { JsonObject } from '../../lib/base/json';
import type { KubeObject, LiveObject } from '../../lib/base/kube-object';
import { LABEL } from '../../lib/base/names';
import type { ClusterClient } from '../../controllers/kube/cluster-client';
import type { FaultPoint } from '../../sim/client';
import { createSimCluster } from '../../sim/cluster';
import { seededRandom } from '../../sim/random';
import type { LiveChild } from '../../synth/child';
import { identityOf } from '../../synth/children';
import { objectSchema } from '../../synth/schemas';

/** A kind that exists for these tests: it wants one ConfigMap a part. */
export const TOY = { apiVersion: 'toys.example.com/v1', kind: 'Toy' } as const;
const CONFIG_MAP = { apiVersion: 'v1', kind: 'ConfigMap' } as const;
const NODE = { apiVersion: 'v1', kind: 'Node' } as const;

interface ToyScope extends BaseScope {
  readonly live: readonly LiveChild[];
}

const partsOf = (toy: LiveObject): readonly string[] => (toy.spec?.['parts'] ?? []) as string[];

/** Makes `<toy>-<part>` for each part. `spec.hold` keeps a deletion waiting, `spec.broken` is invalid. */
export const toyReconciler: Reconciler<ToyScope> = {
  name: 'toy',
  primary: { type: TOY },
  children: [{ type: CONFIG_MAP }],
  reads: [{ type: NODE }],
  finalizer: true,
  validate: (object) =>
    object.spec?.['broken'] === true
      ? new OperatorError('InvalidSpec', { object: 'Toy/default/a', problems: 'spec.broken is true' })
      : undefined,
  observe: (object, reader) => ({
    object,
    live: reader.childrenOf(object, CONFIG_MAP).map((child) => ({ ...identityOf(child)!, object: child })),
  }),
  decide: ({ object, live }) => {
    const children = partsOf(object).map((part) => ({
      role: 'part',
      slot: part,
      manifest: {
        ...CONFIG_MAP,
        metadata: {
          name: `${object.metadata.name}-${part}`,
          namespace: object.metadata.namespace!,
          labels: { [LABEL.app]: 'toy' },
        },
        data: { part },
      },
    }));
    const deleting = object.metadata.deletionTimestamp !== undefined;
    return {
      children: deleting ? [] : children,
      live,
      holdFinalizer: object.spec?.['hold'] === true || (deleting && live.length > 0),
    };
  },
  report: ({ object, now, live }, outcome) => {
    const round = { now, generation: object.metadata.generation };
    const verdict =
      outcome?.error !== undefined
        ? verdictOf(outcome.error)
        : live.length === partsOf(object).length
          ? ({ state: 'ready' } as const)
          : ({ state: 'reconciling', reason: 'Progressing', message: 'Parts are being made.' } as const);
    const conditions = conclude(conditionsOf(object), verdict, round);
    return {
      status: {
        observedGeneration: object.metadata.generation ?? 0,
        parts: live.length,
        conditions,
      } as unknown as JsonObject,
      events:
        verdict.state === 'ready' ? [{ type: 'Normal', reason: 'Complete', message: 'All parts are there.' }] : [],
    };
  },
};

/** A server with the toy kind, its clock, and managers on it. */
export class Workshop {
  readonly cluster = createSimCluster({
    seed: 7,
    kinds: [],
    namespaces: ['default', 'kube-system', 'weka-operator-system'],
    freeze: true,
  });
  readonly clock = this.cluster.clock;
  readonly log: LogEntry[] = [];
  readonly user: ClusterClient = this.cluster.client({ user: 'kubectl' });
  metrics: Metrics = createMetrics();
  private readonly random = seededRandom(7);

  constructor() {
    const traits = { plural: 'toys', namespaced: true, statusSubresource: true, generation: true, custom: true };
    this.cluster.server.core.kinds.add({ ...TOY, ...traits, schema: TOY_SCHEMA });
  }

  /** A manager, started. `stop` ends it and settles what it does then. */
  async start(more: Partial<ManagerOptions> & { user?: string; faults?: FaultPoint } = {}): Promise<Running> {
    const { user = 'operator', faults, ...options } = more;
    this.metrics = createMetrics();
    const manager = createManager({
      client: this.cluster.client({ user, ...(faults === undefined ? {} : { faults }) }),
      clock: this.clock,
      random: this.random,
      logger: loggerTo((entry) => void this.log.push(entry)),
      reconcilers: [toyReconciler],
      namespaces: [],
      operatorNamespace: 'weka-operator-system',
      identity: user,
      leaderElection: false,
      metrics: this.metrics,
      ...options,
    });
    const stopping = new AbortController();
    const running: Running = { manager, error: undefined, ended: false, stop: async () => undefined };
    const end = manager.start(stopping.signal).then(
      () => void (running.ended = true),
      (thrown: unknown) => {
        running.error = thrown;
        running.ended = true;
      },
    );
    running.stop = async () => {
      stopping.abort(new Error('SIGTERM'));
      await this.clock.run({ forMs: 30_000, until: () => running.ended });
      await end;
    };
    return running;
  }

  /** Lets virtual time pass. */
  async pass(ms = 5_000): Promise<void> {
    await this.clock.run({ forMs: ms });
  }

  async toy(name: string, spec: JsonObject, annotations?: Record<string, string>): Promise<LiveObject> {
    const metadata = { name, namespace: 'default', ...(annotations === undefined ? {} : { annotations }) };
    return this.user.apply({ ...TOY, metadata, spec }, { fieldManager: 'kubectl', force: true });
  }

  get(
    kind: { apiVersion: string; kind: string },
    name: string,
    namespace = 'default',
  ): Promise<LiveObject | undefined> {
    return this.user.get({ ...kind, name, namespace });
  }

  async names(kind: { apiVersion: string; kind: string } = CONFIG_MAP): Promise<string[]> {
    const names: string[] = [];
    await this.user.list(kind, { onPage: (objects) => names.push(...objects.map(({ metadata }) => metadata.name)) });
    return names.sort();
  }

  /** Writes of `user`, told as `verb Kind/name`, since `from`. */
  writesOf(user: string, from = 0): string[] {
    return this.cluster.log.writes
      .slice(from)
      .filter((write) => write.user === user)
      .map(
        ({ verb, ref, subresource }) =>
          `${verb} ${ref.kind}/${ref.name}${subresource === undefined ? '' : ` ${subresource}`}`,
      );
  }
}

export interface Running {
  readonly manager: Manager;
  error: unknown;
  ended: boolean;
  stop: () => Promise<void>;
}

const open = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } as const;
const TOY_SCHEMA = objectSchema({
  spec: open,
  status: {
    ...open,
    properties: {
      conditions: {
        type: 'array',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['type'],
        items: { ...open, properties: { type: { type: 'string' } } },
      },
    },
  },
});

/** A part of an object that tests look at. */
export const statusOf = (object: KubeObject | undefined): JsonObject => object?.status ?? {};
