import { cp, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BuildParts, BuildStep } from '../../../agents/drivers-builder/build';
import { LinuxHost } from '../../../agents/drivers-builder/linux-host';
import type { BuilderPaths, BuilderSettings } from '../../../agents/drivers-builder/settings';
import { createLog } from '../../../agents/shared/log';
import type { Kernel } from '../../node/vm/kernel';
import { SAMPLE_DRIVER } from '../../drivers/sample-driver';

/** Directories of a builder's container below one of this machine. */
export const containerPaths = (root: string): BuilderPaths => ({
  scratch: join(root, 'scratch'),
  modules: join(root, 'lib/modules'),
  nodeLibraries: join(root, 'host/usr/lib'),
  libraries: join(root, 'usr/lib'),
  driverSources: join(root, 'sources'),
  weka: join(root, 'opt/weka'),
});

/** Writes files by their path; directories are made. `mode`: of all of them. */
export const writeFiles = async (files: Readonly<Record<string, string>>, mode = 0o644): Promise<void> => {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text, { mode });
  }
};

/** A container whose node is Debian and has `kernel`, and whose image has the sources of the sample driver. */
export const prepareContainer = async (root: string, kernel: Kernel): Promise<BuilderPaths> => {
  const paths = { ...containerPaths(root), modules: dirname(kernel.modulesDirectory) };
  await cp(SAMPLE_DRIVER, paths.driverSources, { recursive: true });
  await mkdir(paths.libraries, { recursive: true });
  await writeFiles({ [join(paths.nodeLibraries, 'os-release')]: 'ID=debian\n' });
  return paths;
};

export const settingsFor = (kernel: string, change: Partial<BuilderSettings> = {}): BuilderSettings => ({
  node: 'node-1',
  target: { wekaVersion: '4.4.2.118', kernel, architecture: 'amd64' },
  extraBuildArgs: [],
  timeout: { text: '10m', ms: 600_000 },
  gateway: { url: '', tokenFile: '', caFile: '' },
  ...change,
});

/** Parts of a build in a container; `said`: each line of the log, `steps`: what was reported. */
export const partsFor = (paths: BuilderPaths, searchPath?: string) => {
  const said: Record<string, unknown>[] = [];
  const steps: BuildStep[] = [];
  const host = new LinuxHost(paths, searchPath);
  const stopping = new AbortController();
  const parts: BuildParts = {
    host,
    paths,
    machine: host.machine(),
    log: createLog({}, { write: (line) => said.push(JSON.parse(line) as Record<string, unknown>) }),
    report: (step) => steps.push(step),
    stop: stopping.signal,
  };
  return { parts, said, steps, stopping };
};
