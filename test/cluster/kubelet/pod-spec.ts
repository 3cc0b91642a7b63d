/** What the stand-in reads of a Pod. Whatever it doesn't know it refuses, rather than run something else. */
export interface PodObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly deletionTimestamp?: string;
    readonly deletionGracePeriodSeconds?: number;
  };
  readonly spec: PodSpec;
  readonly status?: { readonly phase?: string };
}

export interface PodSpec {
  readonly nodeName: string;
  readonly serviceAccountName?: string;
  readonly restartPolicy?: 'Always' | 'OnFailure' | 'Never';
  readonly initContainers?: readonly ContainerSpec[];
  readonly containers: readonly ContainerSpec[];
  readonly volumes?: readonly VolumeSpec[];
}

export interface ContainerSpec {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly Variable[];
  readonly volumeMounts?: readonly VolumeMount[];
  readonly readinessProbe?: Probe;
}

interface Variable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly fieldRef?: { readonly fieldPath: string } };
}

export interface VolumeMount {
  readonly name: string;
  readonly mountPath: string;
  readonly readOnly?: boolean;
}

export interface Probe {
  readonly periodSeconds?: number;
  readonly failureThreshold?: number;
  readonly exec?: { readonly command: readonly string[] };
  readonly httpGet?: { readonly path: string; readonly port: number; readonly scheme?: string };
}

export interface TokenSource {
  readonly audience: string;
  readonly expirationSeconds: number;
  readonly path: string;
}

export interface VolumeSpec {
  readonly name: string;
  readonly emptyDir?: object;
  readonly hostPath?: { readonly path: string; readonly type?: string };
  readonly configMap?: { readonly name: string; readonly optional?: boolean };
  readonly projected?: { readonly sources: readonly { readonly serviceAccountToken?: TokenSource }[] };
}

/** What an image says of itself. */
export interface Image {
  /** Directory: its files, which lie over this machine's. */
  readonly files: string;
  readonly entrypoint: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** The fields that a variable can name. */
const fieldOf = ({ metadata, spec }: PodObject, path: string): string => {
  const fields: Readonly<Record<string, string>> = {
    'metadata.name': metadata.name,
    'metadata.namespace': metadata.namespace,
    'metadata.uid': metadata.uid,
    'spec.nodeName': spec.nodeName,
  };
  const value = fields[path];
  if (value === undefined) throw new Error(`the kubelet stand-in does not know the field ${path}`);
  return value;
};

/** The environment of a container's first process: the image's, then the Pod's. */
export const environmentOf = (pod: PodObject, container: ContainerSpec, image: Image): Record<string, string> => {
  const own = (container.env ?? []).map(({ name, value, valueFrom }): [string, string] => {
    const path = valueFrom?.fieldRef?.fieldPath;
    return [name, path === undefined ? (value ?? '') : fieldOf(pod, path)];
  });
  return { ...image.environment, ...Object.fromEntries(own) };
};

/** Program and arguments: a command takes the place of the image's entrypoint. */
export const commandOf = ({ command, args = [] }: ContainerSpec, { entrypoint }: Image): string[] => [
  ...(command ?? entrypoint),
  ...args,
];
