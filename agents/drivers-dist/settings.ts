import { ACCESS_PATH } from '../../lib/drivers/agent-access';

/** All that a distribution service is told by its Pod. */
export interface DistSettings {
  /** Where packages are kept. */
  readonly directory: string;
  /** Port to listen on. */
  readonly port: number;
  readonly gateway: { readonly url: string; readonly tokenFile: string; readonly caFile: string };
}

type Environment = Readonly<Record<string, string | undefined>>;

const DIRECTORY = '/var/lib/weka-drivers';
const PORT = '60002';

/** Reads the environment; `problem`: a sentence that names the variable. */
export const readSettings = (env: Environment): { readonly settings: DistSettings } | { readonly problem: string } => {
  const given = (name: string, otherwise: string): string => {
    const value = env[name];
    return value === undefined || value === '' ? otherwise : value;
  };
  const port = given('PORT', PORT);
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) return { problem: `PORT is not a port: ${port}` };
  const url = given('GATEWAY_URL', '');
  if (!URL.canParse(url)) return { problem: 'GATEWAY_URL is not set, or no URL' };
  return {
    settings: {
      directory: given('PACKAGES_DIRECTORY', DIRECTORY),
      port: Number(port),
      gateway: {
        url,
        tokenFile: given('GATEWAY_TOKEN_FILE', ACCESS_PATH.tokenFile),
        caFile: given('CA_FILE', ACCESS_PATH.caFile),
      },
    },
  };
};
