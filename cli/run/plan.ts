import { connect } from '../../controllers/kube/connect';
import { reconcilers } from '../../controllers/reconcilers';
import { isNamespaced } from '../../controllers/kube/resources';
import type { KubeObject } from '../../lib/base/kube-object';
import { refOf, refString } from '../../lib/base/kube-object';
import type { ExitCode } from '../exit';
import { EXIT } from '../exit';
import { normalise } from '../gitops/normalise';
import { toYaml } from '../gitops/to-yaml';
import type { Finding } from '../finding';
import { lintFiles } from '../lint-files';
import { liveObjects, withGiven } from '../live-objects';
import { isNodeList, readNodes } from '../node-list';
import { nodeObject } from '../node-objects';
import type { ParentPlan } from '../offline-plan';
import { planOffline } from '../offline-plan';
import { render } from '../output';
import type { Format } from '../output-formats';
import { withProgress } from '../progress';
import { readFiles } from '../read-files';
import { renderFindings } from '../render-findings';
import { planDocument, plannedChildren, renderPlan } from '../render-plan';
import type { Terminal } from '../terminal';
import { validateObject } from '../validate-object';

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
  const read = readFiles(options.filename);
  const nodes = readNodes(
    options.nodes === undefined ? { documents: [], problems: [], files: 0 } : readFiles(options.nodes),
  );
  const findings = [...lintFiles(read, validateObject), ...nodes.findings].filter(
    ({ severity }) => severity === 'error',
  );
  if (findings.length > 0) return refuse(findings, terminal);
  const given = read.documents
    .filter((document) => !isNodeList(document))
    .map(({ object }) => inNamespace(normalise(object), options.namespace));
  const plans = await withProgress(terminal, 'Planning', async (report) => {
    const world =
      options.nodes === undefined
        ? withGiven(await liveFrom(options, report), given)
        : [...nodes.nodes.map(nodeObject), ...given];
    return concerned(
      await planOffline(world, reconcilers({ operatorImage: options.operatorImage }), Date.now()),
      given,
    );
  });
  print(plans, options.output, terminal);
  return plans.some(({ error }) => error !== undefined && error.code !== 'NotSupportedYet') ? EXIT.findings : EXIT.fine;
};

const refuse = (findings: readonly Finding[], terminal: Terminal): ExitCode => {
  terminal.err(`${renderFindings(findings, { colour: terminal.errIsTerminal })}\nNothing was planned.\n`);
  return EXIT.findings;
};

const inNamespace = (object: KubeObject, namespace: string): KubeObject =>
  object.metadata.namespace !== undefined || !isNamespaced(object)
    ? object
    : { ...object, metadata: { ...object.metadata, namespace } };

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
  const asked = new Set(given.map((object) => refString(refOf(object))));
  return plans.filter(({ parent, plan, shared }) => {
    if (!asked.has(refString(parent)) && parent.kind !== 'Node') return false;
    for (const { steps } of plan.stages)
      for (const step of steps) if (step.action === 'apply') asked.add(refString(refOf(step.manifest)));
    return parent.kind !== 'Node' || shared.length > 0;
  });
};

const print = (plans: readonly ParentPlan[], format: Format, terminal: Terminal): void => {
  if (format === 'table') terminal.out(renderPlan(plans, terminal.colour));
  else if (format === 'json') terminal.out(render(planDocument(plans), 'json'));
  else
    terminal.out(
      plannedChildren(plans)
        .map((child) => `---\n# Not to be applied: the operator makes and owns it.\n${toYaml(child)}`)
        .join(''),
    );
};
