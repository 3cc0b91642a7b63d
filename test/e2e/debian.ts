import { runProgram } from '../artefacts/run-program';
import { exists } from '../artefacts/store';

export interface DebianOptions {
  /** A directory, or a file *.tar. */
  readonly target: string;
  readonly variant: 'minbase' | 'essential';
  readonly packages: readonly string[];
}

/** What nobody reads in a container; removed at the end, because dpkg's own filter starts a Python for each package. */
const LEFT_OUT = ['man', 'doc', 'locale', 'info'].map((name) => `"$1/usr/share/${name}"`);

/** Makes a Debian root file system, of the release and from the mirror of this machine. Needs root, takes half a minute. */
export const makeDebian = async ({ target, variant, packages }: DebianOptions): Promise<void> => {
  const sources = ['/etc/apt/sources.list.d/debian.sources', '/etc/apt/sources.list'];
  const mirrors = [];
  for (const file of sources) if (await exists(file)) mirrors.push(file);
  await runProgram('mmdebstrap', [
    ...['--quiet', `--variant=${variant}`, `--include=${packages.join(',')}`],
    `--customize-hook=rm -rf ${LEFT_OUT.join(' ')}`,
    ...[await codename(), target, ...mirrors.slice(0, 1)],
  ]);
};

const codename = async (): Promise<string> => {
  const release = await runProgram('cat', ['/etc/os-release']);
  return /^VERSION_CODENAME=(\w+)$/m.exec(release)?.[1] ?? 'bookworm';
};
