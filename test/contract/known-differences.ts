/** Where the embedded cluster does otherwise, on purpose, and why. The suite fails when one of them is true no longer. */
export const KNOWN_DIFFERENCES: Readonly<Record<string, string>> = {
  'placement: a DaemonSet takes over a Pod that its selector matches':
    'no controller adopts: the operator never leaves Pods without an owner',
  'placement: a new node': 'nodes join ready: the taint that the real one carries for a moment is never seen',
  'immutable: the template of a Job': 'there is no Job controller',
  'defaults: a Pod of a service account that is not there': 'namespaces have no service accounts',
};
