import { posix } from 'node:path';
import type { JsonObject } from '../../lib/base/json';
import type { NodeObserved } from '../../lib/drivers/agent-documents';
import { architectureOf, readBootID, signaturePolicy, wekaMounts } from '../../lib/drivers/load-facts';
import { HOST_PATH } from '../../lib/drivers/observer-pod';
import { readNodeDesired } from '../../lib/drivers/read-documents';
import type { NodeFiles } from './host';

/** Seconds between looks while the operator has said nothing. */
export const DEFAULT_INTERVAL = 30;
const [SHORTEST, LONGEST] = [5, 3600];

/** Modules that WEKA brings, by name: `wekafsio`, `wekafsgw`, `mpin_user`, `igb_uio`. */
export const isWekaModule = (name: string): boolean => /^(weka\w*|mpin_user|igb_uio)$/.test(name);

/** What the operator is told of a node. Equal files give an equal report, whatever order they were found in. Pure. */
export const nodeObserved = (files: NodeFiles): NodeObserved => {
  const { secureBoot, enforced } = signaturePolicy(files.signatures);
  const system = readSystem(files.osRelease);
  return {
    bootID: readBootID(files.bootID),
    kernel: files.release,
    architecture: architectureOf(files.machine) ?? files.machine,
    secureBoot,
    signaturesEnforced: enforced,
    modules: sorted(files.modules, ({ name }) => name).map((module) => ({
      ...module,
      holders: [...module.holders].sort(),
    })),
    mounts: wekaMounts(files.mountinfo),
    kernels: sorted(files.kernels, ({ release }) => release),
    ...(system === undefined ? {} : { system }),
  };
};

/** Seconds between looks, as the operator wants it; within reason, whatever it says. Pure. */
export const intervalOf = (desired: JsonObject): number => {
  const read = readNodeDesired(desired);
  return 'body' in read ? Math.min(LONGEST, Math.max(SHORTEST, read.body.intervalSeconds)) : DEFAULT_INTERVAL;
};

/** Where a path of the node is found in the container; `undefined`: it is not mounted there. Pure. */
export const inContainer = (path: string): string | undefined => {
  const whole = posix.normalize(path);
  const mounted = MOUNTED.find(([there]) => whole.startsWith(`${there}/`));
  return mounted && `${mounted[1]}${whole.slice(mounted[0].length)}`;
};

const MOUNTED = [
  ['/lib/modules', HOST_PATH.modules],
  ['/usr', HOST_PATH.usr],
] as const;

/** ID and VERSION_ID of an os-release file. */
const readSystem = (text: string | undefined): NodeObserved['system'] => {
  const value = (key: string): string | undefined =>
    new RegExp(`^${key}=(["']?)([^"'\\n]*)\\1\\s*$`, 'm').exec(text ?? '')?.[2];
  const [id, version] = [value('ID'), value('VERSION_ID')];
  return id === undefined ? undefined : { id, version: version ?? '' };
};

const sorted = <T>(items: readonly T[], key: (item: T) => string): T[] =>
  [...items].sort((a, b) => (key(a) < key(b) ? -1 : Number(key(a) > key(b))));
