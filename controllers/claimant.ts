import { conclude, setCondition, verdictOf } from '../lib/base/conditions';
import type { LiveObject } from '../lib/base/kube-object';
import type { DriverClaim } from '../lib/drivers/claims';
import { claimOf } from '../lib/drivers/claims';
import { driverReport, effectiveDrivers } from '../lib/drivers/driver-report';
import { nodeFacts } from '../lib/nodes/node-facts';
import { DRIVERS_READY } from '../lib/nodes/weka-node';
import { notRunYet, ourConditions } from './common';
import type { Installation } from './installation';
import { TYPES, wakesAll } from './kinds';
import { projectNode } from './projections';
import type { BaseScope, Reader, Reconciler, Report } from './runtime/reconciler';

/** What one round of a cluster or client reads. */
export interface ClaimantScope extends BaseScope {
  /** `undefined`: it wants no driver (it is being deleted, or its image has no version). */
  readonly claim: DriverClaim | undefined;
  readonly nodes: readonly LiveObject[];
  readonly records: ReadonlyMap<string, LiveObject>;
}

/**
 * WekaCluster and WekaClient, as far as this version runs them: the drivers that they want of nodes.
 *
 * Reads:   the object; Nodes and WekaNodes.
 * Writes:  its status: DriversReady with counts and the first reason; the values in force; and honestly, as Stalled with reason
 *          NotSupportedYet, that the rest of it is not run by this version.
 * Wakes:   on the object, Nodes and WekaNodes.
 * Never:   makes, changes or deletes anything for it, sets a finalizer on it, or lets go of the one that another operator
 *          set: who formed a cluster must also take it down. Its drivers are controllers/drivers.ts's work.
 */
const claimant = (name: 'cluster' | 'client', what: string, settings: Installation): Reconciler<ClaimantScope> => ({
  name,
  primary: { type: TYPES[name] },
  children: [],
  reads: [
    { type: TYPES.node, project: projectNode, wakes: wakesAll(TYPES[name]) },
    { type: TYPES.wekaNode, wakes: wakesAll(TYPES[name]) },
  ],
  finalizer: false,
  observe: (object, reader) => observe(object, reader),
  decide: () => ({ children: [], live: [], holdFinalizer: true }),
  report: (scope) => report(scope, what, settings),
});

const observe = (object: LiveObject, reader: Reader): Omit<ClaimantScope, 'now'> => ({
  object,
  claim: claimOf(object),
  nodes: reader.list(TYPES.node),
  records: new Map(reader.list(TYPES.wekaNode).map((record) => [record.metadata.name, record])),
});

const report = (
  { object, now, claim, nodes, records }: ClaimantScope,
  what: string,
  settings: Installation,
): Report => {
  const { generation } = object.metadata;
  const verdict = verdictOf(notRunYet(object, what));
  const before = ourConditions(object, DRIVERS_READY).filter(
    ({ type }) => claim !== undefined || type !== DRIVERS_READY,
  );
  const drivers = claim && driverReport(claim, nodes.map(nodeFacts), { records, generation });
  const conditions = drivers === undefined ? before : setCondition(before, drivers.condition, now);
  return {
    status: {
      ...(generation === undefined ? {} : { observedGeneration: generation }),
      conditions: conclude(conditions, verdict, { now, generation }) as never,
      ...(drivers === undefined || object.kind !== 'WekaClient' ? {} : { printer: { drivers: drivers.cell } }),
      ...(claim === undefined ? {} : { effective: effectiveDrivers(claim, settings) }),
    },
    events:
      drivers === undefined
        ? []
        : [
            {
              type: drivers.condition.status === 'True' ? 'Normal' : 'Warning',
              reason: drivers.condition.status === 'True' ? 'DriversLoaded' : 'DriversNotReady',
              message: drivers.condition.message,
              condition: DRIVERS_READY,
            },
          ],
  };
};

export const clusterReconciler = (settings: Installation) =>
  claimant('cluster', 'the life cycle of a cluster', settings);
export const clientReconciler = (settings: Installation) => claimant('client', 'a client fleet', settings);
