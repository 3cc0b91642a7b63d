import type { KubeObject } from '../base/kube-object';
import { LABEL } from '../base/names';
import { labelValue } from '../base/safe-names';

/** What a Node object says of its machine, as far as drivers and drives depend on it. */
export interface NodeFacts {
  readonly name: string;
  readonly uid: string;
  readonly labels: Readonly<Record<string, string>>;
  /** `uname -r`; empty until the kubelet has reported it. */
  readonly kernel: string;
  /** `amd64`, `arm64`; empty until the kubelet has reported it. */
  readonly architecture: string;
  readonly osImage: string;
  readonly bootID: string;
  readonly ready: boolean;
  readonly unschedulable: boolean;
}

interface NodeObject {
  readonly spec?: { readonly unschedulable?: boolean };
  readonly status?: {
    readonly nodeInfo?: Partial<Record<'kernelVersion' | 'architecture' | 'osImage' | 'bootID', string>>;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

/** Reads a Node object. Missing parts are empty: a node that has just registered is not an error. */
export const nodeFacts = (node: KubeObject): NodeFacts => {
  const { metadata, spec, status } = node as unknown as NodeObject & Pick<KubeObject, 'metadata'>;
  // Read one by one: every round of a policy asks this of every node, and merging objects was half of its time.
  const { kernelVersion = '', architecture = '', osImage = '', bootID = '' } = status?.nodeInfo ?? {};
  return {
    name: metadata.name,
    uid: metadata.uid ?? '',
    labels: metadata.labels ?? {},
    kernel: kernelVersion,
    architecture,
    osImage,
    bootID,
    ready: isReady(status),
    unschedulable: spec?.unschedulable ?? false,
  };
};

const isReady = (status: NodeObject['status']): boolean =>
  (status?.conditions ?? []).some((condition) => condition.type === 'Ready' && condition.status === 'True');

/** Label keys under which a node's kernel and architecture are published for node selectors. */
export interface LabelKeys {
  readonly kernel: string;
  readonly architecture: string;
}

export const DEFAULT_LABEL_KEYS: LabelKeys = { kernel: LABEL.kernel, architecture: LABEL.architecture };

/** The labels that a node's facts put on its Node object, under each set of keys that a policy asks for. */
export const factLabels = (facts: NodeFacts, keys: readonly LabelKeys[]): Record<string, string> => {
  const labels: Record<string, string> = {};
  for (const { kernel, architecture } of keys) {
    if (facts.kernel !== '') labels[kernel] = labelValue(facts.kernel);
    if (facts.architecture !== '') labels[architecture] = labelValue(facts.architecture);
  }
  return labels;
};

/** Whether a node has all the labels of `selector`; an empty selector matches every node. */
export const matchesSelector = (
  labels: Readonly<Record<string, string>>,
  selector: Readonly<Record<string, string>>,
): boolean => Object.entries(selector).every(([key, value]) => labels[key] === value);
