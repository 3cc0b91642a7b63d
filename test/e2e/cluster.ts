import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Coordinates } from '../cluster/coordinates';
import { kubeconfigOf } from '../cluster/coordinates';
import type { KubectlOptions, KubectlResult } from '../cluster/harness';
import { kubectlOn } from '../cluster/harness';
import { startShared } from '../cluster/shared-control-plane';
import type { Disk } from '../node/vm/qemu';
import { NETWORK, NODE_NAME } from './addresses';
import { eventually } from './eventually';
import { createNetwork, sweepNetworks } from './network';
import { IDENTITY_FILES } from './node-files';
import { NodeMachine } from './node-machine';
import type { PreparedE2e } from './prepare';
import { newDirectory, sweepDirectories } from './temporary';

/** A cluster with one real node. */
export interface Cluster {
  /** Of the control plane; its address is reachable only from inside of the network: see `spawn`. */
  readonly coordinates: Coordinates;
  readonly node: NodeMachine;
  /** As administrator. */
  readonly kubectl: (args: readonly string[], options?: KubectlOptions) => Promise<KubectlResult>;
  /** Applies objects as administrator. */
  readonly apply: (objects: readonly object[]) => Promise<void>;
  /** Starts a program in the cluster's network (as NETWORK.host); it dies with this process. */
  readonly spawn: (program: string, args: readonly string[], options?: SpawnOptions) => ChildProcess;
  /** Resolves when the Node is Ready in its present boot; gives that boot's id. */
  readonly nodeReady: (timeoutMs?: number) => Promise<string>;
  /** Pulls the node's plug, turns it on again, and waits until it is Ready; gives the id of the new boot. */
  readonly powerCycle: () => Promise<string>;
  /** Ends everything and removes what was written. Never rejects; safe to call twice. */
  readonly stop: () => Promise<void>;
}

/** How long an emulated node may take to be Ready: an idle machine needs 35 s, a busy one several times that. */
const READY_MS = 300_000;

/** Starts network, control plane, DNS and node, and waits until the node is Ready. Rejects with nothing left behind. */
export const startCluster = async (
  prepared: PreparedE2e,
  options: { readonly drives?: readonly Disk[] } = {},
): Promise<Cluster> => {
  const undo: (() => Promise<unknown>)[] = [];
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopping ??= unwind(undo));
  try {
    await Promise.all([sweepNetworks(), sweepDirectories()]);
    const directory = await newDirectory();
    undo.push(() => rm(directory, { recursive: true, force: true }));
    const network = await createNetwork();
    undo.push(() => network.remove());
    const { launcher } = network;
    const shared = await startShared(prepared.controlPlane, { address: NETWORK.host, launcher });
    undo.push(() => shared.stop());
    const coordinates = JSON.parse(readFileSync(shared.coordinatesFile, 'utf8')) as Coordinates;
    const inNetwork = spawner(launcher);
    const dns = await startDns(prepared, coordinates, { directory, spawn: inNetwork });
    undo.push(() => ended(dns));
    const { kernel, disks } = prepared;
    const machine = {
      directory,
      kernel,
      disks,
      identity: identityOf(coordinates),
      drives: options.drives ?? [],
      launcher,
    };
    const node = await NodeMachine.create(machine);
    undo.push(() => node.powerOff());
    const cluster = clusterOf({ coordinates, node, launcher, spawn: inNetwork, stop });
    const start = Date.now();
    await node.powerOn();
    await cluster.nodeReady();
    process.stderr.write(`real node: Ready ${Math.round((Date.now() - start) / 1000)} s after power on\n`);
    return cluster;
  } catch (error) {
    await stop();
    throw error;
  }
};

/** The last that was started ends first; each gets its turn, whatever became of the others. */
const unwind = async (undo: (() => Promise<unknown>)[]): Promise<void> => {
  for (const step of undo.reverse()) await step().catch(() => undefined);
};

const spawner =
  (launcher: readonly string[]): Cluster['spawn'] =>
  (program, args, options = {}) => {
    const [first, ...rest] = [...launcher, 'setpriv', '--pdeathsig', 'KILL', '--', program, ...args];
    return spawn(first as string, rest, options);
  };

const ended = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });

interface Dns {
  readonly directory: string;
  readonly spawn: Cluster['spawn'];
}

/** Answers for Services by what the API server says of them; for all else that there is no such name. */
const startDns = async (prepared: PreparedE2e, coordinates: Coordinates, { directory, spawn }: Dns) => {
  const file = join(directory, 'Corefile');
  const corefile = `.:53 {
  bind ${NETWORK.host}
  errors
  kubernetes cluster.local {
    kubeconfig ${coordinates.kubeconfig} test
  }
}
`;
  await writeFile(file, corefile);
  const log = openSync(join(directory, 'coredns.log'), 'a');
  const dns = spawn(join(prepared.binaries.coredns, 'coredns'), ['-conf', file], { stdio: ['ignore', log, log] });
  closeSync(log);
  return dns;
};

const identityOf = (coordinates: Coordinates): Record<string, string> => ({
  [IDENTITY_FILES.ca]: coordinates.authority.certificate,
  [IDENTITY_FILES.kubelet]: kubeconfigOf(coordinates, { user: `system:node:${NODE_NAME}`, groups: ['system:nodes'] }),
  // Bound to what a proxy may read by the API server itself.
  [IDENTITY_FILES.proxy]: kubeconfigOf(coordinates, { user: 'system:kube-proxy' }),
});

/** What a node says of itself that does not become Ready. */
const condition = async (node: NodeMachine): Promise<string> => {
  const look = 'uptime; ps -e -o pid,stat,time,args | grep -E "[c]ontainerd|[k]ube"; tail -n 25 /var/log/kubelet.log';
  const { output } = await node.run(look).catch((error: Error) => ({ output: error.message }));
  return `${await node.console()}\n${output}`;
};

interface Parts extends Pick<Cluster, 'coordinates' | 'node' | 'spawn' | 'stop'> {
  readonly launcher: readonly string[];
}

const clusterOf = ({ launcher, ...parts }: Parts): Cluster => {
  const kubectl: Cluster['kubectl'] = (args, options) => kubectlOn(parts.coordinates, args, options, launcher);
  const nodeReady: Cluster['nodeReady'] = async (timeoutMs = READY_MS) => {
    const { output } = await parts.node.run('cat /proc/sys/kernel/random/boot_id');
    const boot = output.trim();
    const path = '{.status.nodeInfo.bootID} {.status.conditions[?(@.type=="Ready")].status}';
    let seen = '';
    const isReady = async (): Promise<boolean> => {
      const args = ['get', 'node', NODE_NAME, '-o', `jsonpath=${path}`];
      const { stdout, stderr } = await kubectl(args, { mayFail: true });
      seen = stdout || stderr;
      return stdout === `${boot} True`;
    };
    await eventually(`${NODE_NAME} is Ready in its present boot`, isReady, timeoutMs).catch(async (error: Error) => {
      throw new Error(`${error.message}; it is: ${seen}\n${await condition(parts.node)}`);
    });
    return boot;
  };
  return {
    ...parts,
    kubectl,
    nodeReady,
    apply: async (items) => {
      const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
      await kubectl(['apply', '--server-side', '--force-conflicts', '-f', '-'], { stdin: list });
    },
    powerCycle: async () => {
      await parts.node.powerOff();
      await parts.node.powerOn();
      return nodeReady();
    },
  };
};
