import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packageContents } from '../../../agents/drivers-builder/package-contents';
import { packArchive } from '../../../agents/shared/archive';
import { packageId } from '../../../lib/drivers/package';
import { sha256 } from '../../agents/drivers-dist/packages';
import { authority, TestDist, wanted } from '../../agents/drivers-dist/test-dist';
import { runProgram } from '../../artefacts/run-program';
import { scratch } from '../../drivers/sample-driver';
import { copySampleDriver } from '../../fixtures/sample-driver';
import type { Kernel } from '../../node/vm/kernel';

/** Certificate (PEM) that registries are signed by. */
export const REGISTRY_AUTHORITY = authority.certificate;

/** A registry of built drivers: a distribution service that is nobody's here, with one package. */
export interface Registry {
  readonly url: string;
  /** Of its package. */
  readonly sha256: string;
  /** How many whole packages were fetched from it. */
  fetches(): Promise<number>;
  stop(): Promise<void>;
}

const SAMPLE_MODULES = ['wekafsgw.ko', 'wekafsio.ko'];

/** The sample driver in a version, built here: that nobody in the cluster builds it is the point. */
const buildPackage = async (wekaVersion: string, { release, headersDirectory }: Kernel) => {
  const { path, remove } = await scratch();
  const sources = join(path, 'sources');
  try {
    await copySampleDriver(sources, wekaVersion);
    await runProgram('make', ['-s', '-C', headersDirectory, `M=${sources}`, 'modules']);
    await runProgram('strip', ['--strip-debug', ...SAMPLE_MODULES], { cwd: sources });
    const modules = await Promise.all(SAMPLE_MODULES.map((name) => readFile(join(sources, name))));
    const key = { wekaVersion, kernel: release, architecture: 'amd64' };
    const contents = packageContents(key, modules, { compiler: 'gcc', builder: 'kbuild' });
    if ('problem' in contents) throw new Error(contents.problem);
    const bytes = await packArchive(contents.files);
    return { ...key, id: packageId(key), bytes, sha256: sha256(bytes) };
  } finally {
    await remove();
  }
};

export const startRegistry = async (wekaVersion: string, kernel: Kernel): Promise<Registry> => {
  const offered = await buildPackage(wekaVersion, kernel);
  const dist = await TestDist.start();
  dist.tell({ packages: [wanted(offered)] });
  const { status, body } = await dist.put(offered);
  if (status > 299) throw new Error(`the registry does not take its package: ${status} ${body.toString()}`);
  return {
    url: `https://127.0.0.1:${dist.port}`,
    sha256: offered.sha256,
    fetches: async () => {
      const metrics = (await dist.call('/metrics')).body.toString();
      return Number(/^weka_drivers_dist_downloads_total\{outcome="complete"\} (\d+)/m.exec(metrics)?.[1] ?? 0);
    },
    stop: () => dist.stop(),
  };
};
