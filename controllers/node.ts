import { wekaNodeManifest } from '../lib/nodes/weka-node';
import { TYPES } from './kinds';
import { projectNode } from './projections';
import type { BaseScope, Reconciler } from './runtime/reconciler';

/** What one round of a Node reads. */
export interface NodeScope extends BaseScope {
  readonly recorded: boolean;
}

/**
 * Node controller: sees that each Node has its record.
 *
 * Reads:   the Node; whether its WekaNode exists.
 * Writes:  makes the WekaNode of that name, empty, when it is missing. Nothing on the Node.
 * Wakes:   on the Node and its WekaNode.
 * Never:   gives the WekaNode an owner reference: the record outlives the Node object on purpose.
 * Crash safety: one write, which is found done or not done.
 */
export const nodeReconciler: Reconciler<NodeScope> = {
  name: 'node',
  primary: { type: TYPES.node, project: projectNode },
  children: [],
  reads: [{ type: TYPES.wekaNode, wakes: (record) => [{ name: record.metadata.name }] }],
  finalizer: false,
  observe: (object, reader) => ({
    object,
    recorded: reader.get(TYPES.wekaNode, { name: object.metadata.name }) !== undefined,
  }),
  decide: ({ object, recorded }) => ({
    children: [],
    live: [],
    shared: recorded ? [] : [{ manifest: wekaNodeManifest(object.metadata.name), live: undefined }],
  }),
};
