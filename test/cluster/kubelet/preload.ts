/**
 * Loaded into each agent before its own code: what a process can't be given by files. Its Pod has an address of its own,
 * where it would listen on all of them, and the release of the kernel is the node's.
 */
import { readFileSync } from 'node:fs';
import { Server } from 'node:net';
import os from 'node:os';

const address = process.env['STAND_IN_POD_ADDRESS'];
const release = readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim();
os.release = Object.assign(() => release, { [Symbol.toPrimitive]: () => release });

type Listen = (this: Server, ...args: unknown[]) => Server;
const prototype = Server.prototype as unknown as { listen: Listen };
const { listen } = prototype;
const onAll = (where: unknown): where is { host?: string } =>
  typeof where === 'object' &&
  where !== null &&
  'port' in where &&
  [undefined, '::', '0.0.0.0'].includes((where as { host?: string }).host);
prototype.listen = function (first, ...rest) {
  return listen.call(this, onAll(first) ? { ...first, host: address } : first, ...rest);
};
