import { X509Certificate } from 'node:crypto';
import { OperatorError } from '../../lib/base/errors';
import { WEKA_REGISTRY } from '../../lib/drivers/registry-answer';
import type { Installation, ProxySettings } from '../installation';

/** What the command line says of the world outside of the cluster. */
export interface OutsideOptions {
  /** URL of the registry of built drivers. @default WEKA's */
  readonly driversRegistry?: string;
  /** Nothing outside of the cluster is ever connected to. @default false */
  readonly offline?: boolean;
  /** A file with certificates (PEM) that are trusted beside the usual ones. @default none */
  readonly extraCaBundle?: string;
}

/** How the world outside is reached. */
export type Outside = Pick<Installation, 'registryUrl' | 'offline' | 'proxy' | 'extraCA'>;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * How the world outside is reached, by the command line and by HTTPS_PROXY and NO_PROXY. `read`: the text of a file, or it
 * throws. Throws OutsideInvalid: what can't be understood must not end in calls that go another way than was meant.
 */
export const readOutside = (options: OutsideOptions, env: Environment, read: (file: string) => string): Outside => {
  const { driversRegistry = WEKA_REGISTRY, offline = false, extraCaBundle } = options;
  if (!isHttpUrl(driversRegistry))
    throw invalid('--drivers-registry', driversRegistry, 'it is no URL of http or https');
  const proxy = proxyOf(env);
  return {
    registryUrl: driversRegistry.replace(/\/+$/, ''),
    offline,
    ...(proxy === undefined ? {} : { proxy }),
    ...(extraCaBundle === undefined ? {} : { extraCA: certificatesIn(extraCaBundle, read) }),
  };
};

const invalid = (option: string, value: string, cause: string): OperatorError =>
  new OperatorError('OutsideInvalid', { option, value, cause });

const isHttpUrl = (text: string): boolean => URL.canParse(text) && ['http:', 'https:'].includes(new URL(text).protocol);

const given = (env: Environment, name: string): string => (env[name] ?? env[name.toLowerCase()] ?? '').trim();

const proxyOf = (env: Environment): ProxySettings | undefined => {
  const text = given(env, 'HTTPS_PROXY');
  if (text === '') return undefined;
  const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  // Never the value: it may hold a password.
  if (!isHttpUrl(url)) throw invalid('HTTPS_PROXY', 'its value', 'it is no URL of http or https');
  const noProxy = given(env, 'NO_PROXY').split(',');
  return { url, noProxy: noProxy.map((entry) => entry.trim()).filter((entry) => entry !== '') };
};

const certificatesIn = (file: string, read: (file: string) => string): string => {
  try {
    const text = read(file);
    new X509Certificate(text);
    return text;
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    const cause = code === 'ENOENT' ? 'there is no such file' : 'it can not be read as certificates (PEM)';
    throw new OperatorError('OutsideInvalid', { option: '--extra-ca-bundle', value: file, cause }, { cause: thrown });
  }
};
