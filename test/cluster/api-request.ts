import { request as httpsRequest } from 'node:https';
import type { Coordinates } from './coordinates';
import { clientCertificate } from './coordinates';

/** One call of the API, byte for byte. */
export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With the query. */
  readonly path: string;
  readonly body?: string;
  /** Default: application/json. */
  readonly contentType?: string;
}

/** What came back: nothing is thrown for a status. */
export interface ApiAnswer {
  readonly status: number;
  readonly text: string;
}

const identities = new Map<string, { readonly cert: string; readonly key: string }>();

/** Speaks to the API server as an administrator, without anything of the project in between. Rejects without an answer. */
export const request = (coordinates: Coordinates, call: ApiRequest): Promise<ApiAnswer> =>
  new Promise((resolve, reject) => {
    const headers = call.body === undefined ? {} : { 'content-type': call.contentType ?? 'application/json' };
    const tls = { ca: coordinates.authority.certificate, ...administrator(coordinates) };
    const options = { method: call.method, headers, agent: false, timeout: 30_000, ...tls } as const;
    const sent = httpsRequest(`${coordinates.server}${call.path}`, options, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.once('error', reject);
      answer.once('end', () => resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
    });
    sent.once('error', reject);
    sent.once('timeout', () => sent.destroy(new Error(`no answer to ${call.method} ${call.path} within 30 s`)));
    sent.end(call.body);
  });

const administrator = (coordinates: Coordinates): { cert: string; key: string } => {
  const known = identities.get(coordinates.server);
  if (known !== undefined) return known;
  const { certificate, key } = clientCertificate(coordinates, { user: 'admin', groups: ['system:masters'] });
  const made = { cert: certificate, key };
  identities.set(coordinates.server, made);
  return made;
};
