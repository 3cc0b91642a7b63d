import { readFileSync } from 'node:fs';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import type { KubeConfig } from '@kubernetes/client-node';
import { parse } from 'yaml';
import { isJsonObject } from '../../lib/base/json';
import type { JsonObject, JsonValue } from '../../lib/base/json';

/** Which cluster: the file named, else as kubectl finds it, else the one this Pod runs in. */
export interface ConfigSource {
  /** Path of a kubeconfig. Absent: KUBECONFIG, then ~/.kube/config, then the service account of the Pod. */
  readonly kubeconfig?: string;
  /** Context of that file. Absent: its current one. */
  readonly context?: string;
  /** The cluster this Pod runs in, whatever files there are. */
  readonly inCluster?: boolean;
}

/** Reads the configuration anew. Throws what reading or parsing throws, and for a context that isn't there. */
export const readConfig = async (source: ConfigSource): Promise<KubeConfig> => {
  // Half a second of loading that --help, lint and synth must not pay for.
  const { KubeConfig: Config } = await import('@kubernetes/client-node');
  const config = new Config();
  if (source.inCluster === true) config.loadFromCluster();
  else if (source.kubeconfig !== undefined) config.loadFromFile(source.kubeconfig);
  else config.loadFromDefault();
  if (source.inCluster !== true) for (const file of filesOf(source)) useTokenFiles(config, file);
  if (source.context !== undefined) config.setCurrentContext(source.context);
  if (config.getCurrentCluster() === null)
    throw new Error(`the kubeconfig has no cluster for context ${config.getCurrentContext() || '(none)'}`);
  return config;
};

const filesOf = ({ kubeconfig }: ConfigSource): readonly string[] =>
  kubeconfig === undefined
    ? (process.env.KUBECONFIG ?? '').split(delimiter).filter((file) => file !== '')
    : [kubeconfig];

/** client-node reads `tokenFile` of a user never, and the file of an older spelling only once: let it read the file again and again. */
const useTokenFiles = (config: KubeConfig, file: string): void => {
  const text = readFileSync(file, 'utf8');
  // Most files name none, and parsing YAML is a good part of a start.
  if (!/token-?file/i.test(text)) return;
  const document = parse(text) as JsonValue;
  const users = isJsonObject(document) && Array.isArray(document.users) ? document.users : [];
  for (const entry of users.filter(isJsonObject)) {
    const tokenFile = tokenFileOf(entry);
    const index = config.users.findIndex((user) => user.name === entry.name);
    const user = config.users[index];
    if (tokenFile === undefined || user === undefined) continue;
    const path = isAbsolute(tokenFile) ? tokenFile : join(dirname(file), tokenFile);
    const { token: _stale, ...rest } = user;
    config.users[index] = { ...rest, authProvider: { name: 'tokenFile', config: { tokenFile: path } } };
  }
};

const tokenFileOf = ({ user }: JsonObject): string | undefined => {
  if (!isJsonObject(user)) return undefined;
  const path = user.tokenFile ?? user['token-file'];
  return typeof path === 'string' && path !== '' ? path : undefined;
};
