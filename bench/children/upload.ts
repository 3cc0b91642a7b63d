/** Uploads a package to a distribution service, as a builder does, from the connection to the answer. */
import { createReadStream } from 'node:fs';
import { request as requestClear } from 'node:http';
import { request as requestTls } from 'node:https';
import { pipeline } from 'node:stream/promises';
import { packagePath } from '../../lib/drivers/package';
import { permitFor } from '../../test/agents/drivers-dist/test-dist';
import type { BenchPackage } from '../package';
import { tell } from '../probe';

interface Options {
  readonly port: number;
  readonly tls: boolean;
  readonly stored: BenchPackage;
}

const upload = ({ port, tls, stored: { id, file, sha256, size } }: Options): Promise<number> =>
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
    pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), outgoing).catch(reject);
  });

const main = async (): Promise<void> => {
  const options = JSON.parse(process.argv[2] ?? '') as Options;
  const began = performance.now();
  const status = await upload(options);
  const ms = performance.now() - began;
  if (status !== 201) throw new Error(`the upload was answered ${status}`);
  tell({ ms });
};

void main();
