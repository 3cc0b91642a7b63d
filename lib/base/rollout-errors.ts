import type { ErrorSpec } from './errors';

/** What keeps a node from its driver beside the loading itself. */
export const ROLLOUT_ERRORS = {
  LoaderDied: {
    summary: 'The loader ended without a result: {cause}.',
    remedy:
      'See the log of its container load; an image that does not hold the agent, or too little memory, ends it like this. It is tried again.',
    retry: true,
  },
  DriverUnloaded: {
    summary: 'The driver was unloaded by somebody else.',
    remedy: 'It is loaded again; find out who runs rmmod on the node if this comes back.',
    retry: true,
  },
  VersionConflict: {
    summary:
      'The node is wanted with WEKA {wanted} by {claimant}, and keeps {kept}, which {others} want: a kernel holds one version.',
    remedy: 'Give them the same version, or node selectors that share no node.',
    retry: true,
  },
  NodeNotSelected: {
    summary: 'No policy serves node {node}: WekaPolicy/{policy} wants the label {label}.',
    remedy: 'Set that label on the node, or widen nodeSelectors of the policy.',
    retry: true,
  },
  NoBuilder: {
    summary: 'Nobody provides the driver of {wekaVersion} for kernel {kernel} ({architecture}) at {dist}.',
    remedy:
      'Add a builder WekaContainer that uploads there, or let a WekaPolicy of type enable-local-drivers-distribution build it.',
    retry: true,
  },
  NodeNotReady: {
    summary: 'The node is not Ready; its driver is changed when it is.',
    remedy: 'Bring the node back.',
    retry: true,
  },
  NodePaused: {
    summary: 'The annotation weka.io/paused of the WekaNode stops changes of its driver.',
    remedy: 'Remove the annotation.',
    retry: true,
  },
  WaitingForTurn: {
    summary: 'Other nodes change their driver first.',
    remedy: 'Nothing to do; at most {maxUnavailable} of them are without a driver at a time.',
    retry: true,
  },
  RolloutHalted: {
    summary: 'Too many nodes have failed to change their driver; no further one is touched.',
    remedy: 'Look at the nodes that weka-operator drivers shows as failed; the rollout goes on when they are repaired.',
    retry: true,
  },
  NodeInUse: {
    summary: 'The loaded driver is in use: {places} mounted.',
    remedy: 'Unmount, or drain the node of what uses WEKA; then its driver is changed at once.',
    retry: true,
  },
  DistServiceMissing: {
    summary: 'There is no Service {service}, which driversDistService of {claimant} names.',
    remedy: 'Create it, or correct driversDistService; a WekaPolicy names its own in status.typedStatus.distService.',
    retry: true,
  },
  DistNoEndpoints: {
    summary: 'Service {service} has no ready Pod behind it: {cause}.',
    remedy: 'See the WekaContainer of mode drivers-dist that it selects, and its Pod.',
    retry: true,
  },
  DistPortBlocked: {
    summary: 'Service {service} and its Pod are there, but the node does not get through: {cause}.',
    remedy: 'Open port 60002 between the node and the Pod: look at NetworkPolicies and firewalls.',
    retry: true,
  },
  DistEndpointInvalid: {
    summary: 'driversDistService of {claimant} is no address: {endpoint}.',
    remedy: 'Write a URL, or host:port.',
    retry: true,
  },
} as const satisfies Record<string, ErrorSpec>;
