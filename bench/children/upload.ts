/** Uploads a package from memory to a distribution service, as a builder does, from the connection to the answer. */
import { readFileSync } from 'node:fs';
import { request as requestClear } from 'node:http';
import { request as requestTls } from 'node:https';
import { sendBody } from '../../agents/shared/send-body';
import { packagePath } from '../../lib/drivers/package';
import { permitFor } from '../../test/agents/drivers-dist/test-dist';
import type { BenchPackage } from '../package';
import { tell } from '../probe';

interface Options {
  readonly port: number;
  readonly tls: boolean;
  readonly stored: BenchPackage;
}

const upload = ({ port, tls, stored: { id, sha256, size } }: Options, body: Buffer): Promise<number> =>
  new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${permitFor(id)}`,
      'x-content-sha256': sha256,
      'content-length': size,
    };
    // Certificates are of no interest here.
    const options = {
      host: '127.0.0.1',
      port,
      path: packagePath(id),
      method: 'PUT',
      headers,
      rejectUnauthorized: false,
    };
    const outgoing = (tls ? requestTls : requestClear)(options, (incoming) => {
      incoming.resume().once('end', () => resolve(incoming.statusCode ?? 0));
    });
    sendBody(outgoing.once('error', reject), body);
  });

const main = async (): Promise<void> => {
  const options = JSON.parse(process.argv[2] ?? '') as Options;
  const body = readFileSync(options.stored.file);
  const began = performance.now();
  const status = await upload(options, body);
  const ms = performance.now() - began;
  if (status !== 201) throw new Error(`the upload was answered ${status}`);
  tell({ ms });
};

void main();
