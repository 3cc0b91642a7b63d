import { runProgram } from '../artefacts/run-program';
import { exists } from '../artefacts/store';

export interface DebianOptions {
  /** A directory, or a file *.tar. */
  readonly target: string;
  readonly variant: 'minbase' | 'essential';
  readonly packages: readonly string[];
}

/** What nobody reads in a container. */
const LEFT_OUT = ['/usr/share/man/*', '/usr/share/doc/*', '/usr/share/locale/*', '/usr/share/info/*'];

/** Makes a Debian root file system, of the release and from the mirror of this machine. Needs root, takes half a minute. */
export const makeDebian = async ({ target, variant, packages }: DebianOptions): Promise<void> => {
  const sources = ['/etc/apt/sources.list.d/debian.sources', '/etc/apt/sources.list'];
  const mirrors = [];
  for (const file of sources) if (await exists(file)) mirrors.push(file);
  await runProgram('mmdebstrap', [
    ...['--quiet', `--variant=${variant}`, `--include=${packages.join(',')}`],
    ...LEFT_OUT.map((path) => `--dpkgopt=path-exclude=${path}`),
    ...[await codename(), target, ...mirrors.slice(0, 1)],
  ]);
};

const codename = async (): Promise<string> => {
  const release = await runProgram('cat', ['/etc/os-release']);
  return /^VERSION_CODENAME=(\w+)$/m.exec(release)?.[1] ?? 'bookworm';
};
