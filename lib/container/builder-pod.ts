import { ANNOTATION } from '../base/names';
import { BUILD_MOUNTS, BUILD_SCRATCH, PRE_RUN_CAPABILITIES } from '../drivers/build-mounts';
import type { ModeParts } from './weka-container-pod';

/** What a builder is given. */
export interface BuildProps {
  /** WEKA version that it builds for. @default the agent refuses to start */
  readonly wekaVersion?: string;
  readonly instructions?: { readonly type: string; readonly payload: string };
  /** Shell script, as it was written. */
  readonly preRunScript?: string;
  /** Which attempt in a row it is. */
  readonly attempt: number;
  /** A digest of what it is given. */
  readonly inputs: string;
  /** Seconds after which the kubelet ends it, whatever it does. */
  readonly deadlineSeconds: number;
}

const hostPath = (name: string, path: string): object => ({ name, hostPath: { path, type: 'Directory' } });

/**
 * What a builder's Pod is made of beside the rest. Only the operator tries again: a kubelet that did would hide how often.
 * It reads the node's headers and writes nowhere but into its own image and scratch space.
 */
export const builderParts = (build: BuildProps): ModeParts => ({
  pod: {
    restartPolicy: 'Never',
    activeDeadlineSeconds: build.deadlineSeconds,
    // As long as an upload may take to end well.
    terminationGracePeriodSeconds: 30,
  },
  container: {
    resources: {
      requests: { cpu: '500m', memory: '512Mi', 'ephemeral-storage': '100Mi' },
      limits: { cpu: '2', memory: '3G' },
    },
    securityContext: {
      privileged: false,
      allowPrivilegeEscalation: false,
      capabilities: {
        drop: ['ALL'],
        // What installing a package takes; a build without a script needs none of them.
        ...(build.preRunScript === undefined ? {} : { add: [...PRE_RUN_CAPABILITIES] }),
      },
    },
  },
  environment: {
    WEKA_VERSION: build.wekaVersion,
    INSTRUCTIONS: build.instructions === undefined ? undefined : JSON.stringify(build.instructions),
    PRE_RUN_SCRIPT:
      build.preRunScript === undefined ? undefined : Buffer.from(build.preRunScript, 'utf8').toString('base64'),
  },
  mounts: [
    ...BUILD_MOUNTS.map(({ name, mountPath }) => ({ name, mountPath, readOnly: true })),
    { name: BUILD_SCRATCH.name, mountPath: BUILD_SCRATCH.mountPath },
  ],
  volumes: [
    ...BUILD_MOUNTS.map((mount) => hostPath(mount.name, mount.hostPath)),
    { name: BUILD_SCRATCH.name, emptyDir: { sizeLimit: BUILD_SCRATCH.sizeLimit } },
  ],
  annotations: {
    [ANNOTATION.buildAttempt]: String(build.attempt),
    [ANNOTATION.buildInputs]: build.inputs,
  },
});
