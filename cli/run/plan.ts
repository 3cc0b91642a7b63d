import { connect } from '../../controllers/kube/connect';
import { offlineInstallation } from '../../controllers/installation';
import { reconcilers } from '../../controllers/reconcilers';
import type { KubeObject } from '../../lib/base/kube-object';
import { refOf, refString } from '../../lib/base/kube-object';
import { manifestYaml } from '../../synth/output';
import type { Plan } from '../../synth/plan';
import type { ExitCode } from '../exit';
import { EXIT } from '../exit';
import { liveObjects, withGiven } from '../live-objects';
import { nodeObject } from '../node-objects';
import type { ParentPlan } from '../offline-plan';
import { planOffline } from '../offline-plan';
import { render } from '../output';
import type { Format } from '../output-formats';
import { withProgress } from '../progress';
import { planDocument, plannedChildren, renderPlan } from '../render-plan';
import { readWorld, refuseWorld } from '../read-world';
import type { Terminal } from '../terminal';

/** Options of `weka-operator plan`. */
export interface PlanOptions {
  readonly filename: readonly string[];
  /** Node lists; then no cluster is asked. */
  readonly nodes?: readonly string[];
  readonly kubeconfig?: string;
  readonly context?: string;
  /** Of objects that name none. */
  readonly namespace: string;
  readonly operatorImage: string;
  readonly output: Format;
}

/** Shows what the manager would do for the custom resources. Changes nothing anywhere. */
export const runPlan = async (options: PlanOptions, terminal: Terminal): Promise<ExitCode> => {
  const given = readWorld(options);
  if (given.errors.length > 0) {
    refuseWorld(given.errors, 'Nothing was planned.', terminal);
    return EXIT.findings;
  }
  const plans = await withProgress(terminal, 'Planning', async (report) => {
    const world =
      options.nodes === undefined
        ? withGiven(await liveFrom(options, report), given.objects)
        : [...given.nodes.map(nodeObject), ...given.objects];
    return concerned(
      await planOffline(world, reconcilers(offlineInstallation({ operatorImage: options.operatorImage })), Date.now()),
      given.objects,
    );
  });
  print(plans, options.output, terminal);
  return plans.some(({ error }) => error !== undefined && error.code !== 'NotSupportedYet') ? EXIT.findings : EXIT.fine;
};

const liveFrom = async ({ kubeconfig, context }: PlanOptions, report: (state: string) => void) => {
  const client = await connect({
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    ...(context === undefined ? {} : { context }),
  });
  try {
    return await liveObjects(client, report);
  } finally {
    client.close();
  }
};

/** The plans of the objects given, and of what they lead to; what else lives in the cluster is none of the question. */
const concerned = (plans: readonly ParentPlan[], given: readonly KubeObject[]): readonly ParentPlan[] => {
  const children = new Map(plans.map(({ parent, plan }) => [refString(parent), childrenOf(plan)]));
  const asked = new Set(given.map((object) => refString(refOf(object))));
  // A set that grows while it is walked: children of children are met in turn.
  for (const object of asked) for (const child of children.get(object) ?? []) asked.add(child);
  return plans.filter(({ parent, shared }) =>
    parent.kind === 'Node' ? shared.length > 0 : asked.has(refString(parent)),
  );
};

const childrenOf = ({ stages }: Plan): readonly string[] =>
  stages.flatMap(({ steps }) =>
    steps.flatMap((step) => {
      if (step.action === 'save') return [];
      return [refString(step.action === 'apply' ? refOf(step.manifest) : step.ref)];
    }),
  );

const print = (plans: readonly ParentPlan[], format: Format, terminal: Terminal): void => {
  if (format === 'table') terminal.out(renderPlan(plans, terminal.colour));
  else if (format === 'json') terminal.out(render(planDocument(plans), 'json'));
  else
    terminal.out(
      plannedChildren(plans)
        .map((child) => `---\n# Not to be applied: the operator makes and owns it.\n${manifestYaml(child)}`)
        .join(''),
    );
};
