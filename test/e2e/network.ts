import { readdir } from 'node:fs/promises';
import { runProgram } from '../artefacts/run-program';
import { isAlive } from '../artefacts/store';
import { NETWORK } from './addresses';

/** A network of its own, in a namespace: nothing of this machine's network is used or changed. */
export interface Network {
  /** Program and arguments before those of a program that shall run in it. */
  readonly launcher: readonly string[];
  /** Removes it. What still runs in it keeps it alive without a name. */
  remove(): Promise<void>;
}

const PREFIX = 'weka-operator-e2e-';

/** Creates the bridge, the node's tap device and the route to its Pods. Needs root. */
export const createNetwork = async (): Promise<Network> => {
  const name = `${PREFIX}${process.pid}`;
  await runProgram('ip', ['netns', 'add', name]);
  const launcher = ['ip', 'netns', 'exec', name];
  const remove = async (): Promise<void> => void (await runProgram('ip', ['netns', 'delete', name]).catch(() => ''));
  try {
    const { bridge, tap, hostCidr, pods, node } = NETWORK;
    for (const line of [
      'link set lo up',
      `link add ${bridge} type bridge`,
      `address add ${hostCidr} dev ${bridge}`,
      `link set ${bridge} up`,
      `tuntap add ${tap} mode tap`,
      `link set ${tap} master ${bridge} up`,
      `route add ${pods} via ${node}`,
    ]) {
      await runProgram('ip', ['-netns', name, ...line.split(' ')]);
    }
  } catch (error) {
    await remove();
    throw error;
  }
  return { launcher, remove };
};

/** Removes the networks of runs that were killed. */
export const sweepNetworks = async (): Promise<void> => {
  for (const name of await readdir('/run/netns').catch(() => [])) {
    const pid = name.startsWith(PREFIX) ? Number(name.slice(PREFIX.length)) : undefined;
    if (pid !== undefined && !isAlive(pid)) await runProgram('ip', ['netns', 'delete', name]).catch(() => '');
  }
};
