import type { KubeObject } from '../../lib/base/kube-object';
import { refOf, refString } from '../../lib/base/kube-object';
import { fileName, manifestYaml } from '../../synth/output';
import type { ExitCode } from '../exit';
import { EXIT } from '../exit';
import { withArgoAnnotations } from '../gitops/argo';
import { normalise } from '../gitops/normalise';
import type { OutputFile } from '../gitops/write-directory';
import { writeDirectory } from '../gitops/write-directory';
import { lintFiles } from '../lint-files';
import { isNodeList } from '../node-list';
import { withProgress } from '../progress';
import type { ReadResult } from '../read-files';
import { readFiles } from '../read-files';
import { renderFindings, renderSummary } from '../render-findings';
import type { Terminal } from '../terminal';
import { validateObject } from '../validate-object';

/** Options of `weka-operator synth`. */
export interface SynthOptions {
  readonly filename: readonly string[];
  /** A directory, or `-` for standard output. */
  readonly output: string;
  /** Adds sync waves and options for Argo CD. */
  readonly argo: boolean;
}

/** Writes the custom resources as a GitOps repository. Writes nothing when one of them has an error. */
export const runSynth = async (options: SynthOptions, terminal: Terminal): Promise<ExitCode> => {
  const read = await withProgress(terminal, 'Reading', () => readFiles(options.filename));
  const findings = lintFiles(read, validateObject);
  if (findings.some((finding) => finding.severity === 'error')) {
    const colour = terminal.errIsTerminal;
    terminal.err(`${renderFindings(findings, { colour })}\n`);
    terminal.err(renderSummary(findings, { files: read.files, documents: read.documents.length }, colour));
    terminal.err('Nothing was written.\n');
    return EXIT.findings;
  }
  const objects = objectsOf(read, options, terminal);
  if (options.output === '-') terminal.out(objects.map((object) => `---\n${manifestYaml(object)}`).join(''));
  else report(options.output, writeDirectory(options.output, filesOf(objects)), terminal);
  return EXIT.fine;
};

/** In an order that can be applied as it is: kinds that others need first, then by namespace and name. */
const objectsOf = (read: ReadResult, options: SynthOptions, terminal: Terminal): readonly KubeObject[] => {
  const all = read.documents.filter((document) => !isNodeList(document)).map(({ object }) => normalise(object));
  for (const secret of all.filter(isSecret))
    terminal.err(
      `left out ${refString(refOf(secret))}: a Secret doesn't belong into Git; keep an ExternalSecret or SealedSecret there instead\n`,
    );
  for (const operation of all.filter(({ kind }) => kind === 'WekaManualOperation'))
    terminal.err(
      `note: ${refString(refOf(operation))} runs once, as soon as it is synced; apply it by hand if that is not meant\n`,
    );
  const kept = all.filter((object) => !isSecret(object));
  return sortForApply(options.argo ? kept.map(withArgoAnnotations) : kept);
};

const isSecret = (object: KubeObject): boolean => object.kind === 'Secret' && object.apiVersion === 'v1';

const ORDER = [
  'Namespace',
  'CustomResourceDefinition',
  'ServiceAccount',
  'ClusterRole',
  'ClusterRoleBinding',
  'Role',
  'RoleBinding',
  'ConfigMap',
  'Service',
  'Deployment',
  'DaemonSet',
  'WekaPolicy',
  'WekaCluster',
  'WekaContainer',
  'WekaClient',
  'WekaManualOperation',
];

const sortForApply = (objects: readonly KubeObject[]): readonly KubeObject[] => {
  const rank = (object: KubeObject): number => {
    const place = ORDER.indexOf(object.kind);
    return place < 0 ? ORDER.indexOf('DaemonSet') : place;
  };
  const key = (object: KubeObject): string =>
    `${String(rank(object)).padStart(3, '0')} ${object.kind} ${object.metadata.namespace ?? ''} ${object.metadata.name}`;
  return [...objects].sort((left, right) => (key(left) < key(right) ? -1 : 1));
};

const filesOf = (objects: readonly KubeObject[]): readonly OutputFile[] =>
  objects.map((object) => ({ path: fileName(object), text: manifestYaml(object) }));

const report = (directory: string, result: ReturnType<typeof writeDirectory>, terminal: Terminal): void => {
  for (const path of result.written) terminal.err(`wrote   ${directory}/${path}\n`);
  for (const path of result.removed) terminal.err(`removed ${directory}/${path}\n`);
  terminal.err(
    `${result.written.length} written, ${result.unchanged.length} unchanged, ${result.removed.length} removed in ${directory}\n`,
  );
};
