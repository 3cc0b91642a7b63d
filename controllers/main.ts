import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { OperatorError } from '../lib/base/errors';
import { OPERATOR_NAMESPACE } from '../lib/base/names';
import { GATEWAY_PORT } from '../lib/drivers/agent-access';
import { connect } from './kube/connect';
import type { AgentAccess } from './gateway/agent-access';
import { createAgentAccess } from './gateway/agent-access';
import type { Installation } from './installation';
import { offlineInstallation } from './installation';
import type { RestClient } from './kube/rest-client';
import { reconcilers } from './reconcilers';
import type { Outside, OutsideOptions } from './registry/outside';
import { readOutside } from './registry/outside';
import { registryCall } from './registry/registry-call';
import { RegistryResolver } from './registry/resolver';
import { backoffMs, WATCH_BACKOFF } from './runtime/backoff';
import { sleep, systemClock } from './runtime/clock';
import { HealthServer } from './runtime/health';
import type { LogLevel, Logger } from './runtime/log';
import { createLogger } from './runtime/log';
import { createManager } from './runtime/manager';
import type { Manager, Readiness } from './runtime/manager-options';
import type { Metrics } from './runtime/metrics';
import { createMetrics } from './runtime/metrics';
import { systemRandom } from './runtime/random';

/** The oldest minor version of Kubernetes 1 that the operator runs on. */
export const KUBERNETES_FLOOR = 30;

/** How the manager process is set up. */
export interface RunManagerOptions extends OutsideOptions {
  /** A kubeconfig file. @default in-cluster, else KUBECONFIG, else ~/.kube/config */
  readonly kubeconfig?: string;
  readonly context?: string;
  /** Namespaces to watch, beside the operator's own; empty: all. */
  readonly namespaces: readonly string[];
  /** Where the Lease and inventories live. @default weka-operator-system */
  readonly operatorNamespace?: string;
  /** Image of this program, for the Pods that carry its agents. */
  readonly operatorImage: string;
  /** `host:port` of /healthz, /readyz and /metrics. */
  readonly healthAddress: string;
  /** `host:port` where agents are served. @default :9443 */
  readonly gatewayAddress?: string;
  /** Nodes that may be between two drivers at the same time. @default 10% */
  readonly driversMaxUnavailable?: string;
  /** Drivers that are built at the same time, in the whole cluster. @default 4 */
  readonly driversMaxBuilds?: number;
  /** `https://host:port` that agents dial. @default the gateway's Service in the operator's namespace */
  readonly gatewayUrl?: string;
  /** `false`: act at once, without a Lease. */
  readonly leaderElection: boolean;
  readonly logLevel: LogLevel;
  /** For User-Agent, log and metrics. */
  readonly version: string;
  /** Stops it, gracefully. */
  readonly signal: AbortSignal;
  /** Told once it listens, with the ports. */
  readonly onListening?: (ports: { readonly health: number; readonly gateway: number }) => void;
}

const GATEWAY_ADDRESS = `:${GATEWAY_PORT}`;

/**
 * Runs the manager until `signal` aborts (then resolves) or it must not go on: ServerTooOld, LeadershipLost, an
 * unusable kubeconfig, an address that can't be bound (then rejects). A cluster that can't be reached, or lacks
 * our CRDs, is waited for; /readyz says so.
 */
export const runManager = async (options: RunManagerOptions): Promise<void> => {
  const outside = readOutside(options, process.env, (file) => readFileSync(file, 'utf8'));
  const registry = resolverOf(options, outside);
  const logger = createLogger({ clock: systemClock, level: options.logLevel });
  const metrics = createMetrics({ process: true });
  metrics.set('weka_operator_build_info', { version: options.version, node_version: process.version }, 1);
  const clientOptions = {
    version: options.version,
    ...(options.kubeconfig === undefined ? {} : { kubeconfig: options.kubeconfig }),
  };
  const client = await connect({
    ...clientOptions,
    ...(options.context === undefined ? {} : { context: options.context }),
    onSent: ({ method, host, code }) => metrics.count('rest_client_requests_total', { method, host, code }),
  });
  let readiness = (): Readiness => waitingFor('the API server was not reached yet');
  const health = new HealthServer({ address: options.healthAddress, readiness: () => readiness(), metrics });
  const quiet = switchLevel(logger);
  let access: AgentAccess | undefined;
  try {
    const parts = { client, logger, metrics };
    access = accessOf(options, parts);
    options.onListening?.({
      health: await health.start().catch(unusable(options.healthAddress, '--health-address')),
      gateway: await access
        .start(options.signal)
        .catch(unusable(options.gatewayAddress ?? GATEWAY_ADDRESS, '--gateway-address')),
    });
    await reachable(client, logger, options.signal, (message) => (readiness = () => waitingFor(message)));
    const manager = managerOf(options, { ...parts, access, outside, registry });
    readiness = () => manager.readiness();
    await manager.start(options.signal);
  } catch (thrown) {
    if (!options.signal.aborted) throw thrown;
  } finally {
    quiet();
    registry.close();
    await access?.stop();
    await health.stop();
    client.close();
  }
};

const unusable =
  (address: string, option: string) =>
  (thrown: unknown): never => {
    const { code = '', message = String(thrown) } = thrown as NodeJS.ErrnoException;
    const causes: Readonly<Record<string, string>> = {
      EADDRINUSE: 'another process listens there',
      EADDRNOTAVAIL: 'this machine has no such address',
      ENOTFOUND: 'the host name is not known',
      EACCES: 'permission denied',
    };
    throw new OperatorError('AddressUnusable', { address, option, cause: causes[code] ?? message }, { cause: thrown });
  };

const waitingFor = (message: string): Readiness => ({
  ready: false,
  checks: [{ name: 'API server', ready: false, message }],
});

/** What every part of the manager is made of. */
interface Parts {
  readonly client: RestClient;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

const accessOf = (options: RunManagerOptions, parts: Parts): AgentAccess =>
  createAgentAccess({
    ...parts,
    clock: systemClock,
    random: systemRandom,
    namespace: options.operatorNamespace ?? OPERATOR_NAMESPACE,
    address: options.gatewayAddress ?? GATEWAY_ADDRESS,
    url: options.gatewayUrl,
  });

/** Asks registries; not a socket is opened before somebody wants to know, and none when the site is offline. */
const resolverOf = ({ version }: RunManagerOptions, { offline, proxy, extraCA }: Outside): RegistryResolver =>
  new RegistryResolver({
    clock: systemClock,
    random: systemRandom,
    offline,
    call: registryCall({
      clock: systemClock,
      userAgent: `weka-operator/${version}`,
      ...(proxy === undefined ? {} : { proxy }),
      ...(extraCA === undefined ? {} : { extraCA }),
    }),
  });

/** What agents and registries are reached by. */
interface Reach {
  readonly access: AgentAccess;
  readonly outside: Outside;
  readonly registry: RegistryResolver;
}

const managerOf = (options: RunManagerOptions, { access, outside, registry, ...parts }: Parts & Reach): Manager =>
  createManager({
    ...parts,
    clock: systemClock,
    random: systemRandom,
    reconcilers: reconcilers(installationOf(options, { access, outside, registry })),
    exchange: access.exchange,
    companions: access.companions,
    namespaces: options.namespaces,
    operatorNamespace: options.operatorNamespace ?? OPERATOR_NAMESPACE,
    identity: `${hostname()}_${randomUUID()}`,
    leaderElection: options.leaderElection ? {} : false,
  });

const installationOf = (options: RunManagerOptions, { access, outside, registry }: Reach): Installation => {
  const { exchange, url, ca, issuer } = access;
  return offlineInstallation({
    ...outside,
    registry,
    // Of this process alone: who leads next gives out permits of its own, and services are told its key.
    permitKey: randomBytes(32).toString('hex'),
    ...(options.driversMaxUnavailable === undefined ? {} : { maxUnavailable: options.driversMaxUnavailable }),
    ...(options.driversMaxBuilds === undefined ? {} : { maxBuilds: options.driversMaxBuilds }),
    operatorImage: options.operatorImage,
    operatorNamespace: options.operatorNamespace ?? OPERATOR_NAMESPACE,
    exchange,
    gatewayUrl: url,
    caBundle: () => ca.caBundle(),
    signRequest: (request, names) => issuer.signRequest(request, names),
  });
};

/** Waits until the API server answers; rejects when it is too old. */
const reachable = async (
  client: RestClient,
  logger: Logger,
  signal: AbortSignal,
  onWait: (message: string) => void,
): Promise<void> => {
  for (let attempt = 0; ; attempt++) {
    try {
      return checkVersion(await client.version());
    } catch (thrown) {
      if (!(thrown instanceof OperatorError) || !thrown.retry) throw thrown;
      onWait(`${thrown.message} ${thrown.remedy}`);
      logger.warn('Waiting for the API server', { error: thrown, remedy: thrown.remedy });
      await sleep(systemClock, backoffMs(attempt, systemRandom, WATCH_BACKOFF), signal);
    }
  }
};

/** Refuses an API server older than the floor; a version that can't be read is let pass. Pure. */
export const checkVersion = ({
  gitVersion,
  major,
  minor,
}: {
  readonly gitVersion: string;
  readonly major: string;
  readonly minor: string;
}): void => {
  const number = Number.parseInt(minor, 10);
  if (major !== '1' || Number.isNaN(number) || number >= KUBERNETES_FLOOR) return;
  throw new OperatorError('ServerTooOld', { version: gitVersion, floor: `v1.${KUBERNETES_FLOOR}` });
};

/** SIGUSR2 switches between `debug` and the level it was started with. The result ends that. */
const switchLevel = (logger: { level: LogLevel }): (() => void) => {
  const usual = logger.level;
  const toggle = (): void => void (logger.level = logger.level === 'debug' ? usual : 'debug');
  process.on('SIGUSR2', toggle);
  return () => process.off('SIGUSR2', toggle);
};
