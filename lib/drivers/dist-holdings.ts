import type { JsonObject, JsonValue } from '../base/json';
import { isJsonObject } from '../base/json';
import type { AgentId, WantedPackage } from './agent-documents';
import { isPackageId, isSha256 } from './package';

/**
 * What a distribution service shall hold, as whoever decides its packages says it: a policy for its own, the drivers
 * reconciler for the operator's. It travels through the exchange like the documents of agents, but no agent can read it:
 * the container reconciler alone speaks with the service, and makes the whole of DistDesired of it (permit keys,
 * certificate, proxy).
 */
export interface DistHoldings {
  readonly packages: readonly WantedPackage[];
  /** Bytes that packages may take. Absent: what the file system has. */
  readonly limitBytes?: number;
}

export const HOLDINGS_KIND = 'DistHoldings';

const PREFIX = 'holdings/';

/** Under which name the holdings of a dist container are published; no Pod has that name. */
export const holdingsAgent = (containerUID: string): AgentId => `${PREFIX}${containerUID}`;

/** UID of the dist container whose holdings that are; `undefined` for another agent. */
export const holdingsOf = (agent: AgentId): string | undefined =>
  agent.startsWith(PREFIX) ? agent.slice(PREFIX.length) : undefined;

/** For Decision.documents. Sorted, so that equal holdings are equal documents. */
export const holdingsDocument = (
  containerUID: string,
  holdings: DistHoldings,
): { readonly agent: AgentId; readonly kind: string; readonly body: JsonObject } => ({
  agent: holdingsAgent(containerUID),
  kind: HOLDINGS_KIND,
  body: {
    packages: [...holdings.packages].sort((a, b) => (a.id < b.id ? -1 : 1)) as unknown as JsonValue,
    ...(holdings.limitBytes === undefined ? {} : { limitBytes: holdings.limitBytes }),
  },
});

const isWanted = (value: unknown): value is WantedPackage & JsonObject =>
  isJsonObject(value) &&
  typeof value['id'] === 'string' &&
  isPackageId(value['id']) &&
  (value['sha256'] === undefined || isSha256(value['sha256']));

/** Reads what holdingsDocument made. */
export const readHoldings = (body: JsonObject): DistHoldings => ({
  packages: (Array.isArray(body['packages']) ? body['packages'] : []).filter(isWanted),
  ...(typeof body['limitBytes'] === 'number' ? { limitBytes: body['limitBytes'] } : {}),
});
