/** What a cluster or a client is told of the drivers on its nodes. Pure. */
import type { WekaNodeSpec, WekaNodeStatus } from '../api/weka-node';
import type { ConditionClaim } from '../base/conditions';
import { conditionsOf, findCondition } from '../base/conditions';
import { ERRORS, fillIn } from '../base/errors';
import type { JsonObject } from '../base/json';
import type { LiveObject } from '../base/kube-object';
import type { NodeFacts } from '../nodes/node-facts';
import { DRIVERS_READY } from '../nodes/weka-node';
import type { DriverClaim } from './claims';
import { claims } from './claims';

/** Reasons of DriversReady that are no error codes. */
const REASON = { loaded: 'Loaded', noNodes: 'NoNodes', pending: 'Pending' } as const;

/** One claimed node, from the claimant's side. */
interface NodeVerdict {
  readonly node: string;
  readonly ready: boolean;
  readonly reason: string;
  readonly message: string;
}

/** Counts and the first thing that is wrong. */
export interface DriverReport {
  readonly condition: ConditionClaim;
  /** `3/5`: nodes that hold the driver, of those that need it. */
  readonly cell: string;
}

/** Who else wants a driver of the node, where that is another version; nobody: its record is older than the claim. */
const rivals = (claim: DriverClaim, { claimants = [] }: NonNullable<WekaNodeSpec['driver']>): readonly string[] =>
  claimants.filter((name) => name !== claim.claimant);

const conflict = (claim: DriverClaim, driver: NonNullable<WekaNodeSpec['driver']>): string => {
  const others = rivals(claim, driver).join(', ');
  const { summary, remedy } = ERRORS.VersionConflict;
  const parameters = { claimant: claim.claimant, wanted: claim.wekaVersion, kept: driver.wekaVersion, others };
  return `${fillIn(summary, parameters)} ${remedy}`;
};

const pending = (node: string): NodeVerdict => ({
  node,
  ready: false,
  reason: REASON.pending,
  message: 'Its driver has not been looked at yet.',
});

/** What the record of a node says of its driver. */
const recorded = (record: LiveObject) => ({
  driver: (record.spec as WekaNodeSpec | undefined)?.driver,
  loaded: (record.status as WekaNodeStatus | undefined)?.driver?.wekaVersion,
  condition: findCondition(conditionsOf(record), DRIVERS_READY),
});

const verdictOn = (claim: DriverClaim, { name }: NodeFacts, record: LiveObject | undefined): NodeVerdict => {
  const { driver, loaded, condition } = record === undefined ? {} : recorded(record);
  if (driver === undefined) return pending(name);
  if ((driver.waiting?.wekaVersion ?? driver.wekaVersion) !== claim.wekaVersion)
    return rivals(claim, driver).length === 0
      ? pending(name)
      : { node: name, ready: false, reason: 'VersionConflict', message: conflict(claim, driver) };
  const ready = condition?.status === 'True';
  // What is said of the version before says nothing of this one.
  if (condition === undefined || (ready && loaded !== claim.wekaVersion)) return pending(name);
  return { node: name, ready, reason: condition.reason, message: condition.message };
};

/** A condition names the reason that most nodes share; among equals the first by name. */
const commonest = (verdicts: readonly NodeVerdict[]): NodeVerdict | undefined => {
  const count = (reason: string): number => verdicts.filter((each) => each.reason === reason).length;
  return [...verdicts].sort((a, b) => count(b.reason) - count(a.reason) || (a.node < b.node ? -1 : 1))[0];
};

const claimOn = (verdicts: readonly NodeVerdict[]): Omit<ConditionClaim, 'type'> => {
  const waiting = verdicts.filter(({ ready }) => !ready);
  const first = commonest(waiting);
  const done = verdicts.length - waiting.length;
  if (verdicts.length === 0)
    return { status: 'False', reason: REASON.noNodes, message: 'No node matches its nodeSelector.' };
  if (first === undefined)
    return { status: 'True', reason: REASON.loaded, message: `The driver is loaded on all nodes (${done}/${done}).` };
  const message = `The driver is loaded on ${done} of ${verdicts.length} nodes. ${first.node}: ${first.message}`;
  return { status: 'False', reason: first.reason, message };
};

/** How the drivers that `claim` wants stand on its nodes. `generation`: of the claiming object. */
export const driverReport = (
  claim: DriverClaim,
  nodes: readonly NodeFacts[],
  {
    records,
    generation,
  }: { readonly records: ReadonlyMap<string, LiveObject>; readonly generation: number | undefined },
): DriverReport => {
  const meant = nodes.filter((node) => claims(claim, node));
  const verdicts = meant.map((node) => verdictOn(claim, node, records.get(node.name)));
  const observed = generation === undefined ? {} : { observedGeneration: generation };
  return {
    condition: { type: DRIVERS_READY, ...claimOn(verdicts), ...observed },
    cell: `${verdicts.filter(({ ready }) => ready).length}/${verdicts.length}`,
  };
};

/** The values in force for drivers, defaults filled in. */
export const effectiveDrivers = (
  { endpoint, loaderImage }: Pick<DriverClaim, 'endpoint' | 'loaderImage'>,
  settings: { readonly registryUrl: string; readonly operatorImage: string },
): JsonObject => ({
  driversDistService: endpoint ?? settings.registryUrl,
  driversLoaderImage: loaderImage ?? settings.operatorImage,
});
