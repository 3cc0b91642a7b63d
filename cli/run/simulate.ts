import type { PackageKey } from '../../lib/drivers/package';
import type { RealPackage } from '../../sim/drivers/package-file';
import type { Strike } from '../../sim/faults/injector';
import type { NodeSpec } from '../../sim/nodes/node-object';
import { fileName, manifestYaml } from '../../synth/output';
import type { ExitCode } from '../exit';
import { EXIT } from '../exit';
import { writeDirectory } from '../gitops/write-directory';
import type { PlannedNode } from '../node-list';
import { render } from '../output';
import type { Format } from '../output-formats';
import { readWorld, refuseWorld } from '../read-world';
import { finalTables, madeObjects } from '../scenario/final-tables';
import type { ScenarioResult } from '../scenario/run-scenario';
import { runScenario } from '../scenario/run-scenario';
import type { Happening } from '../scenario/story';
import { readFaultFile } from '../scenario/read-faults';
import { storyLine, strikeLine, timeOf } from '../scenario/story-line';
import type { Terminal } from '../terminal';

/** Options of `weka-operator simulate`. */
export interface SimulateOptions {
  readonly filename: readonly string[];
  readonly nodes: readonly string[];
  readonly namespace: string;
  readonly operatorImage: string;
  readonly seed: number;
  /** Hours of virtual time at most. */
  readonly hours: number;
  /** A file with a fault plan. */
  readonly faults?: string;
  /** Where the objects that the operator made are written. */
  readonly write?: string;
  readonly output: Format;
}

/** What of a simulation is not made up. */
export interface Reality {
  /** The machine that a node of the list stands for, in place of what the list says. */
  readonly nodeOf: (node: PlannedNode) => PlannedNode;
  /** Packages that were built for real. */
  readonly builtForReal: (key: PackageKey) => RealPackage | undefined;
}

/** Plays the operator on simulated nodes to the end, and tells what happens as it happens. */
export const runSimulate = async (
  options: SimulateOptions,
  terminal: Terminal,
  reality?: Reality,
): Promise<ExitCode> => {
  const given = readWorld(options);
  if (given.errors.length > 0) {
    refuseWorld(given.errors, 'Nothing was simulated.', terminal);
    return EXIT.findings;
  }
  const faults = options.faults === undefined ? undefined : readFaultFile(options.faults);
  const table = options.output === 'table';
  const story: (Happening | Strike)[] = [];
  const result = await runScenario({
    seed: options.seed,
    nodes: given.nodes.map((node) => nodeSpec(reality?.nodeOf(node) ?? node)),
    prepare: ({ agents }) => {
      if (reality !== undefined) agents.builds = { real: reality.builtForReal };
    },
    objects: given.objects,
    operatorImage: options.operatorImage,
    limitMs: options.hours * 3_600_000,
    ...(faults === undefined ? {} : { faults }),
    onStrike: (strike) => {
      story.push(strike);
      if (table) terminal.out(strikeLine(strike, terminal.colour));
    },
    onHappening: (happening) => {
      story.push(happening);
      if (table) terminal.out(storyLine(happening, terminal.colour));
    },
  });
  if (table) terminal.out(`\n${finalTables(result.cluster, result.now)}\n${summary(result)}`);
  else terminal.out(render({ ...outcome(result), story }, options.output === 'json' ? 'json' : 'yaml'));
  if (options.write !== undefined) writeMade(options.write, result, terminal);
  return result.settled && result.broken.length === 0 ? EXIT.fine : EXIT.findings;
};

const outcome = ({ settled, tookMs, writes, broken }: ScenarioResult) => ({
  settled,
  tookMs,
  writes,
  ...(broken.length === 0 ? {} : { broken }),
});

const summary = ({ settled, tookMs, writes, broken }: ScenarioResult): string =>
  broken.map(({ text }) => `Invariant broken: ${text}\n`).join('') +
  (settled
    ? `Settled after ${timeOf(tookMs)} of virtual time and ${writes.untilSettled} writes; ${writes.after} in the ten minutes after, beside the Lease.\n`
    : `Still going on after ${timeOf(tookMs)}: give it more --hours, or look at the conditions above.\n`);

const writeMade = (directory: string, { cluster }: ScenarioResult, terminal: Terminal): void => {
  const files = madeObjects(cluster).map((object) => ({
    path: fileName(object),
    text: `# Not to be applied: the operator makes and owns it.\n${manifestYaml(object)}`,
  }));
  writeDirectory(directory, files);
  terminal.err(`${files.length} manifests written to ${directory}\n`);
};

/** The machine that a node of the list stands for. */
const nodeSpec = (node: PlannedNode): NodeSpec => ({
  name: node.name,
  kernel: node.kernel,
  architecture: node.architecture as NonNullable<NodeSpec['architecture']>,
  osImage: node.osImage,
  labels: node.labels,
  taints: node.taints as unknown as NonNullable<NodeSpec['taints']>,
  capacity: node.allocatable,
});
