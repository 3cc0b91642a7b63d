/** The one network of an end-to-end test: a bridge in a network namespace, the control plane on one side, a node on the other. */
export const NETWORK = {
  /** Where the API server, the DNS server and whatever else a test starts listen. */
  host: '10.90.0.1',
  hostCidr: '10.90.0.1/24',
  node: '10.90.0.11',
  pods: '10.244.1.0/24',
  bridge: 'br0',
  tap: 'tap0',
} as const;

/** The Node. */
export const NODE_NAME = 'node1';
