import type { ModeParts } from './weka-container-pod';

/** Where WEKA keeps its data on an ordinary node. */
export const WEKA_DIRECTORY = '/opt/k8s-weka';
/** Where a distribution service has its packages. */
const PACKAGES_DIRECTORY = '/var/lib/weka-drivers';

/** Where packages are kept: a volume claim of the same namespace, or a directory of the node that it runs on. */
export type DistStorage = { readonly claim: string } | { readonly directory: string };

/**
 * The directory of a service that names none. The same for the next one of that name: what lies there is verified and
 * used again.
 */
export const distDirectory = (namespace: string, name: string): string =>
  `${WEKA_DIRECTORY}/drivers-dist/${namespace}/${name}`;

export interface DistProps {
  readonly port: number;
  readonly storage: DistStorage;
}

const volumeOf = (storage: DistStorage): object =>
  'claim' in storage
    ? { name: 'packages', persistentVolumeClaim: { claimName: storage.claim } }
    : { name: 'packages', hostPath: { path: storage.directory, type: 'DirectoryOrCreate' } };

/** What a distribution service's Pod is made of beside the rest. */
export const distParts = ({ port, storage }: DistProps): ModeParts => ({
  pod: { restartPolicy: 'Always', terminationGracePeriodSeconds: 30 },
  container: {
    ports: [{ name: 'dist', containerPort: port, protocol: 'TCP' }],
    readinessProbe: {
      httpGet: { path: '/readyz', port, scheme: 'HTTPS' },
      periodSeconds: 5,
      failureThreshold: 3,
      timeoutSeconds: 5,
    },
    resources: {
      requests: { cpu: '100m', memory: '256Mi', 'ephemeral-storage': '100Mi' },
      limits: { cpu: '2', memory: '1Gi' },
    },
    securityContext: { privileged: false, allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
  },
  environment: { PACKAGES_DIRECTORY },
  mounts: [{ name: 'packages', mountPath: PACKAGES_DIRECTORY }],
  volumes: [volumeOf(storage)],
  annotations: {},
});
