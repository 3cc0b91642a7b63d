import { DEFAULT_MAX_BUILDS } from '../lib/container/build-slots';
import type { PackageKey } from '../lib/drivers/package';
import type { RegistryAnswer } from '../lib/drivers/registry-answer';
import { WEKA_REGISTRY } from '../lib/drivers/registry-answer';
import { DEFAULT_MAX_UNAVAILABLE } from '../lib/drivers/rollout';
import { OPERATOR_NAMESPACE } from '../lib/base/names';
import { AgentExchange } from './runtime/agent-exchange';

/** How a registry is reached: as in HTTPS_PROXY and NO_PROXY. */
export interface ProxySettings {
  readonly url: string;
  /** Hosts, domains (`.example`) and address ranges that are reached without it. */
  readonly noProxy: readonly string[];
}

/** What registries of built drivers say. Asking is somebody else's work: an answer is there, or it comes later. */
export interface RegistryAnswers {
  /** What `registry` (a URL) says of a package. Asks when nobody has yet, and again by itself while the answer is `unknown`. */
  answer(registry: string, key: PackageKey): RegistryAnswer;
  /** Calls `listener` with the package id whenever an answer has changed. The result ends that. */
  onAnswer(listener: (hint: string) => void): () => void;
}

/** What reconcilers need to know of the installation that they are part of. */
export interface Installation {
  /** Image of the operator itself, which carries the agents. */
  readonly operatorImage: string;
  readonly operatorNamespace: string;
  readonly exchange: AgentExchange;
  readonly registry: RegistryAnswers;
  /** Key that the permit keys of all distribution services are derived from. Secret. */
  readonly permitKey: string;
  /** `https://host:port` that agents dial. */
  readonly gatewayUrl: string;
  /** The registry of built drivers that is asked where nobody names another one. */
  readonly registryUrl: string;
  /** Nothing outside of the cluster is ever connected to. */
  readonly offline: boolean;
  /** @default registries are reached directly */
  readonly proxy?: ProxySettings;
  /** PEM of certificates trusted beside the system's where a registry is asked. @default none */
  readonly extraCA?: string;
  /** PEM of the certificates that the installation trusts; `undefined`: not made yet. */
  readonly caBundle: () => string | undefined;
  /**
   * Signs a certificate request (PEM) for these DNS names and IP addresses; the result is the certificate and what signed
   * it. `undefined`: not possible now, or the request is none. @default nothing is signed
   */
  readonly signRequest?: (csrPem: string, names: readonly string[]) => string | undefined;
  /** Builders that run at the same time, in the whole cluster. */
  readonly maxBuilds: number;
  /** Nodes that may be between two drivers at the same time: a count, or a share of all that shall have one (`10%`). */
  readonly maxUnavailable: string | number;
}

/** A registry that nobody can reach. */
const unreachable: RegistryAnswers = {
  answer: (registry) => ({
    state: 'unknown',
    failure: { code: 'RegistryUnreachable', parameters: { server: registry, cause: 'no registry is asked here' } },
    since: 0,
  }),
  onAnswer: () => () => undefined,
};

/** An installation with nothing around it: for plans, simulations and tests. Each has an exchange of its own. */
export const offlineInstallation = (more: Partial<Installation> = {}): Installation => ({
  operatorImage: 'weka-operator',
  operatorNamespace: OPERATOR_NAMESPACE,
  exchange: new AgentExchange(),
  registry: unreachable,
  permitKey: 'not a secret: nothing here is reachable',
  gatewayUrl: `https://weka-operator-gateway.${OPERATOR_NAMESPACE}.svc.cluster.local:60010`,
  registryUrl: WEKA_REGISTRY,
  offline: false,
  caBundle: () => undefined,
  maxBuilds: DEFAULT_MAX_BUILDS,
  maxUnavailable: DEFAULT_MAX_UNAVAILABLE,
  ...more,
});
