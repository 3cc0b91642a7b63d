import { serve } from './child';

/** Where the server of a measure is. */
export interface Place {
  readonly url: string;
  readonly kubeconfig: string;
}

export interface ServerOptions {
  readonly tls?: boolean;
  readonly pods?: number;
  readonly events?: number;
}

/** Gives `work` a server that plays an API server, and stops it afterwards. */
export const withServer = async <T>(options: ServerOptions, work: (place: Place) => Promise<T>): Promise<T> => {
  const server = await serve('api-server', { tls: false, pods: 0, events: 0, ...options });
  try {
    return await work(JSON.parse(server.hello) as Place);
  } finally {
    await server.stop();
  }
};
