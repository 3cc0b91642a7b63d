import { join } from 'node:path';
import type { Prerequisite } from '../artefacts/run-program';
import { lackingOf, runProgram } from '../artefacts/run-program';
import type { Environment, Prepared, Say } from '../artefacts/store';
import { findBinaries } from '../cluster/binaries';
import type { Kernel } from '../node/vm/kernel';
import { prepareVm } from '../node/vm/prepare';
import type { NodeDisks } from './disks';
import { prepareDisks } from './disks';
import type { NodeBinaries } from './node-binaries';
import { findNodeBinaries } from './node-binaries';
import { sweepDirectories, withDirectory } from './temporary';

/** Environment variable with what `prepareE2e` made, as JSON; unset: suites that need a real node are skipped. */
export const E2E_VARIABLE = 'WEKA_OPERATOR_TEST_E2E';

/** What every cluster with a real node starts from. Plain data. */
export interface PreparedE2e {
  /** Directory of the control plane's programs. */
  readonly controlPlane: string;
  readonly binaries: NodeBinaries;
  readonly kernel: Kernel;
  readonly disks: NodeDisks;
}

const PREREQUISITES: readonly Prerequisite[] = [
  { name: 'ip', package: 'iproute2' },
  { name: 'mmdebstrap', package: 'mmdebstrap' },
  { name: 'buildah', package: 'buildah' },
];

/** Programs, images and drives, from the cache or made now; or what they lack here. Never rejects. */
export const prepareE2e = async (environment: Environment, say: Say): Promise<Prepared<PreparedE2e>> => {
  if (process.getuid?.() !== 0) return { missing: 'root is needed (namespaces, tap devices, images)', failed: false };
  const lacking = await lackingOf(PREREQUISITES);
  if (lacking !== undefined) return { missing: lacking, failed: false };
  const vm = await prepareVm(environment, say);
  if (!('ready' in vm)) return vm;
  const plane = await findBinaries({ environment, say });
  if ('missing' in plane) return plane;
  const binaries = await findNodeBinaries(environment, say);
  if (!('ready' in binaries)) return binaries;
  const { kernel } = vm.ready;
  try {
    await sweepDirectories();
    const disks = await withBundle((dist) =>
      prepareDisks({ kernel, binaries: binaries.ready, dist, environment, say }),
    );
    return { ready: { controlPlane: plane.directory, binaries: binaries.ready, kernel, disks } };
  } catch (error) {
    return { missing: (error as Error).message, failed: true };
  }
};

/** What `npm run bundle` writes, elsewhere: the checkout stays as it is. */
const withBundle = <T>(use: (dist: string) => Promise<T>): Promise<T> =>
  withDirectory(async (directory) => {
    const [dist, top] = [join(directory, 'dist'), join(__dirname, '..', '..')];
    await runProgram(process.execPath, ['--import', 'tsx', join(top, 'cli/generate/bundle.ts'), dist], { cwd: top });
    return use(dist);
  });
