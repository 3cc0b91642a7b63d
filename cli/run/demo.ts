import { join } from 'node:path';
import { packageKeyString, wekaVersionOf } from '../../lib/drivers/package';
import type { ExitCode } from '../exit';
import type { RealDriver } from '../first-run/real-driver';
import { realDriver } from '../first-run/real-driver';
import type { PlannedNode } from '../node-list';
import { DEFAULT_KERNEL } from '../node-list';
import type { GivenWorld } from '../read-world';
import { readWorld } from '../read-world';
import type { Terminal } from '../terminal';
import { VERSION } from '../version';
import { runSimulate } from './simulate';

/** Options of `weka-operator demo`. */
export interface DemoOptions {
  readonly examples: string;
  readonly write: string;
  /** Where the sample driver and its prebuilt package are. */
  readonly drivers: string;
}

/** Makes one driver for real, then plays the operator on the examples; simulated nodes load what was made. */
export const runDemo = async ({ examples, write, drivers }: DemoOptions, terminal: Terminal): Promise<ExitCode> => {
  const file = (name: string): string => join(examples, name);
  const options = {
    filename: ['policy.yaml', 'cluster.yaml', 'client.yaml'].map(file),
    nodes: [file('nodes.yaml')],
    namespace: 'default',
    operatorImage: `weka-operator:${VERSION}`,
    seed: 1,
    hours: 1,
    write,
    output: 'table',
  } as const;
  const wekaVersion = versionIn(readWorld(options));
  // Without one the examples are not in order: the simulation says what is wrong with them.
  if (wekaVersion === undefined) return runSimulate(options, terminal);
  const driver = await realDriver(wekaVersion, {
    sources: join(drivers, 'sample-driver'),
    prebuilt: join(drivers, 'prebuilt-driver'),
  });
  terminal.out(`${driver.story}\n\n`);
  return runSimulate(options, terminal, {
    nodeOf: (node) => (node.kernel === DEFAULT_KERNEL ? { ...node, ...machineOf(driver) } : node),
    builtForReal: (key) => (packageKeyString(key) === packageKeyString(driver) ? driver : undefined),
  });
};

const machineOf = ({ kernel, architecture }: RealDriver): Pick<PlannedNode, 'kernel' | 'architecture'> => ({
  kernel,
  architecture,
});

const versionIn = ({ objects }: GivenWorld): string | undefined => {
  const images = objects.flatMap(({ spec }) => (typeof spec?.['image'] === 'string' ? [spec['image']] : []));
  return images.flatMap((image) => wekaVersionOf(image) ?? [])[0];
};
