import { join } from 'node:path';
import type { GoPrograms } from '../artefacts/go-programs';
import { findGoPrograms, kubernetesVersion } from '../artefacts/go-programs';
import type { Environment, Prepared, Say } from '../artefacts/store';

const moduleDirectory = (name: string): string => join(__dirname, 'binaries', name);

/** What a node runs beside Debian's packages: its kubelet and proxy, its container runtime; and the cluster's DNS. */
const PARTS = {
  kubernetes: {
    name: 'node-kubernetes',
    moduleDirectory: moduleDirectory('kubernetes'),
    programs: { kubelet: 'k8s.io/kubernetes/cmd/kubelet', 'kube-proxy': 'k8s.io/kubernetes/cmd/kube-proxy' },
    linkerSettings: kubernetesVersion,
    takes: 'about a minute after the control plane',
  },
  containerd: {
    name: 'node-containerd',
    moduleDirectory: moduleDirectory('containerd'),
    programs: {
      containerd: 'github.com/containerd/containerd/v2/cmd/containerd',
      'containerd-shim-runc-v2': 'github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2',
      ctr: 'github.com/containerd/containerd/v2/cmd/ctr',
    },
    linkerSettings: (goMod: string) => [
      `-X github.com/containerd/containerd/v2/version.Version=${containerdOf(goMod)}`,
    ],
    takes: 'about two minutes on two cores',
  },
  coredns: {
    name: 'node-coredns',
    moduleDirectory: moduleDirectory('coredns'),
    programs: { coredns: 'github.com/coredns/coredns' },
    linkerSettings: () => [],
    takes: 'about three minutes on two cores',
  },
} as const satisfies Readonly<Record<string, GoPrograms>>;

const containerdOf = (goMod: string): string => /containerd\/containerd\/v2 (v\S+)/.exec(goMod)?.[1] ?? 'unknown';

/** Directories that hold these programs. Plain data. */
export type NodeBinaries = { readonly [Part in keyof typeof PARTS]: string };

/** All of them, from the user's cache directory or built now, one after the other. Never rejects. */
export const findNodeBinaries = async (environment: Environment, say: Say): Promise<Prepared<NodeBinaries>> => {
  const directories: Record<string, string> = {};
  for (const [part, wanted] of Object.entries(PARTS)) {
    const found = await findGoPrograms(wanted, { environment, say });
    if ('missing' in found) return { ...found, missing: `${wanted.name}: ${found.missing}` };
    directories[part] = found.directory;
  }
  return { ready: directories as NodeBinaries };
};
