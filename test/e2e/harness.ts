/** A cluster with one real node for tests. Everything a suite imports is here. */
import type { Disk } from '../node/vm/qemu';
import type { Cluster } from './cluster';
import { startCluster } from './cluster';
import type { PreparedE2e } from './prepare';
import { E2E_VARIABLE } from './prepare';

export { eventually } from './eventually';
export { newDisk } from '../node/vm/run-vm';
export { NETWORK, NODE_NAME } from './addresses';
export type { Cluster } from './cluster';
export { OPERATOR_IMAGE, PAUSE_IMAGE, WEKA_IMAGES, WEKA_SOURCES } from './images';

const said = process.env[E2E_VARIABLE];
const prepared = said === undefined || said === '' ? undefined : (JSON.parse(said) as PreparedE2e);

/** A suite that needs a real node: reported as skipped, test by test, where none can be had. */
export const describeE2e = (name: string, suite: () => void): void => {
  // An emulated node is ten to twenty times slower than a real one, and everything waits for it.
  jest.setTimeout(600_000);
  (prepared === undefined ? describe.skip : describe)(name, suite);
};

/** Starts a cluster of which the node is Ready; 35 s where the machine is idle. `drives`: more, behind the node's own. */
export const newCluster = (options: { readonly drives?: readonly Disk[] } = {}): Promise<Cluster> => {
  if (prepared === undefined) throw new Error('no real node: write the suite with describeE2e');
  return startCluster(prepared, options);
};
