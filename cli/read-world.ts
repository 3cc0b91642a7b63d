import { isNamespaced } from '../controllers/kube/resources';
import type { KubeObject } from '../lib/base/kube-object';
import type { Finding } from './finding';
import { normalise } from './gitops/normalise';
import { lintFiles } from './lint-files';
import type { PlannedNode } from './node-list';
import { isNodeList, readNodes } from './node-list';
import { readFiles } from './read-files';
import { renderFindings } from './render-findings';
import type { Terminal } from './terminal';
import { validateObject } from './validate-object';

/** What plan and simulate are given: custom resources and the nodes to reckon with. */
export interface GivenWorld {
  readonly objects: readonly KubeObject[];
  readonly nodes: readonly PlannedNode[];
  /** Errors in the files; with any, nothing else counts. */
  readonly errors: readonly Finding[];
}

export interface WorldSource {
  readonly filename: readonly string[];
  readonly nodes?: readonly string[] | undefined;
  /** Of objects that name none. */
  readonly namespace: string;
}

/** Reads and checks files of custom resources and of nodes. */
export const readWorld = ({ filename, nodes, namespace }: WorldSource): GivenWorld => {
  const read = readFiles(filename);
  const list = readNodes(nodes === undefined ? { documents: [], problems: [], files: 0 } : readFiles(nodes));
  return {
    objects: read.documents
      .filter((document) => !isNodeList(document))
      .map(({ object }) => inNamespace(normalise(object), namespace)),
    nodes: list.nodes,
    errors: [...lintFiles(read, validateObject), ...list.findings].filter(({ severity }) => severity === 'error'),
  };
};

/** Says what is wrong and that nothing was done. */
export const refuseWorld = (errors: readonly Finding[], undone: string, terminal: Terminal): void =>
  terminal.err(`${renderFindings(errors, { colour: terminal.errIsTerminal })}\n${undone}\n`);

const inNamespace = (object: KubeObject, namespace: string): KubeObject =>
  object.metadata.namespace !== undefined || !isNamespaced(object)
    ? object
    : { ...object, metadata: { ...object.metadata, namespace } };
