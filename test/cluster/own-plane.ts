import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Manifest } from '../../lib/base/kube-object';
import { managerRoles } from '../../lib/operator/manager-role';
import { startControlPlane } from './control-plane';
import type { Coordinates, Identity, KubeconfigOptions } from './coordinates';
import { kubeconfigOf } from './coordinates';
import type { KubectlOptions, KubectlResult } from './harness';
import { controlPlane, CRD_DIRECTORY, eventually, kubectl } from './harness';

/** Where the operator lives in a plane of one's own. */
export const NAMESPACE = 'weka-operator-system';
/** Whoever is in this group may do what the manager's roles allow. ServiceAccounts of NAMESPACE are. */
export const MANAGERS = `system:serviceaccounts:${NAMESPACE}`;
/** A user with the manager's roles and nothing more. */
export const MANAGER: Identity = { user: 'the-manager', groups: [MANAGERS] };

/** A control plane that one suite has for itself: for what would disturb others. */
export interface OwnPlane {
  readonly coordinates: Coordinates;
  /** As administrator. */
  readonly kubectl: (args: readonly string[], options?: KubectlOptions) => Promise<KubectlResult>;
  /** Applies objects as administrator. */
  readonly apply: (objects: readonly object[]) => Promise<void>;
  /** Reads one object. */
  readonly get: (
    ...args: readonly string[]
  ) => Promise<Manifest & { readonly status?: Readonly<Record<string, unknown>> }>;
  /** A file with a kubeconfig. */
  readonly kubeconfig: (identity: Identity, options?: KubeconfigOptions) => Promise<string>;
  /** Applies crds/ and waits until they are served. */
  readonly installCrds: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** Starts one, with NAMESPACE and the manager's roles, without our CRDs. */
export const ownPlane = async (): Promise<OwnPlane> => {
  const started = await startControlPlane(controlPlane().binaries);
  const { coordinates } = started;
  const run: OwnPlane['kubectl'] = (args, options = {}) =>
    kubectl(args, { kubeconfig: coordinates.kubeconfig, ...options });
  const apply: OwnPlane['apply'] = async (items) => {
    await run(['apply', '--server-side', '--force-conflicts', '-f', '-'], {
      stdin: JSON.stringify({ apiVersion: 'v1', kind: 'List', items }),
    });
  };
  await run(['create', 'namespace', NAMESPACE]);
  await apply(managerRoles(NAMESPACE, { apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: MANAGERS }));
  await eventually('the ServiceAccount', async () => {
    const { code } = await run(['get', 'serviceaccount', 'default', '-n', NAMESPACE], { mayFail: true });
    return code === 0;
  });
  return {
    coordinates,
    kubectl: run,
    apply,
    get: async (...args) =>
      JSON.parse((await run(['get', ...args, '-o', 'json'])).stdout) as Awaited<ReturnType<OwnPlane['get']>>,
    kubeconfig: async (identity, options) => {
      const file = join(await mkdtemp(join(coordinates.directory, 'kubeconfig-')), 'kubeconfig');
      await writeFile(file, kubeconfigOf(coordinates, identity, options), { mode: 0o600 });
      return file;
    },
    installCrds: async () => {
      await run(['apply', '--server-side', '--force-conflicts', '-f', CRD_DIRECTORY]);
      await run(['wait', '--for=condition=Established', '--timeout=60s', '-f', CRD_DIRECTORY]);
    },
    stop: () => started.stop(),
  };
};

/** A Node as its kubelet would have registered it, to be applied by `registerNode`. */
export const registerNode = async (
  plane: OwnPlane,
  name: string,
  kernelVersion: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<void> => {
  await plane.apply([
    { apiVersion: 'v1', kind: 'Node', metadata: { name, labels: { 'kubernetes.io/hostname': name, ...labels } } },
  ]);
  const nodeInfo = {
    ...{ kernelVersion, architecture: 'amd64', bootID: 'boot-1', osImage: 'Debian', operatingSystem: 'linux' },
    ...{
      containerRuntimeVersion: 'x',
      kubeletVersion: 'v1.34.0',
      kubeProxyVersion: '',
      machineID: '1',
      systemUUID: '1',
    },
  };
  const now = new Date().toISOString();
  const ready = { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'ok' };
  const conditions = [{ ...ready, lastHeartbeatTime: now, lastTransitionTime: now }];
  const patch = JSON.stringify({ status: { nodeInfo, conditions } });
  await plane.kubectl(['patch', 'node', name, '--subresource=status', '--type=merge', '-p', patch]);
};
