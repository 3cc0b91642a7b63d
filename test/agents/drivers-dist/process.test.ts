import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { buildSync } from 'esbuild';
import type { JsonObject } from '../../../lib/base/json';
import type { DistDesired, DistObserved } from '../../../lib/drivers/agent-documents';
import { createAuthority, issue } from '../../cluster/certificates';
import type { TestServer } from '../shared/misbehaving-server';
import { serveOn } from '../shared/misbehaving-server';
import { aPackage } from './packages';
import type { TestPackage } from './packages';
import { call, PERMIT_KEY, sign, uploadHeaders, wanted } from './test-dist';

// A process that is started, told and ended, on a machine that may be busy.
jest.setTimeout(60_000);

const root = mkdtempSync(join(tmpdir(), 'dist-process-'));
const program = join(root, 'drivers-dist.js');
beforeAll(() => {
  const entryPoints = [join(__dirname, '../../../agents/drivers-dist/main.ts')];
  buildSync({ entryPoints, bundle: true, platform: 'node', target: 'node20', outfile: program, logLevel: 'error' });
});
afterAll(() => rmSync(root, { recursive: true }));

const company = createAuthority('installation');
const serving = issue(company, { commonName: 'installation' }, { subject: { commonName: 'g' }, hosts: ['127.0.0.1'] });

/** A gateway: signs what it is asked for and desires `packages`. */
const startGateway = (
  packages: readonly TestPackage[],
  heard: (observed: DistObserved) => void,
): Promise<TestServer> => {
  let desired: DistDesired = { permitKeys: [PERMIT_KEY], packages: packages.map((each) => wanted(each)) };
  let revision = 1;
  return serveOn(
    (request, response) => {
      if (request.headers.authorization !== 'Bearer a-token') return void response.writeHead(401).end();
      if (request.method === 'GET') {
        const body = JSON.stringify({ schema: 1, kind: 'DistDesired', revision: String(revision), body: desired });
        // A gateway would hold the question until there is something new.
        if (request.headers['if-none-match'] === `"${revision}"`)
          return void setTimeout(() => response.writeHead(304).end(), 100);
        return void response.writeHead(200, { etag: `"${revision}"` }).end(body);
      }
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.once('end', () => {
        const { body } = JSON.parse(Buffer.concat(chunks).toString()) as JsonObject & { body: DistObserved };
        if (desired.certificate === undefined) {
          desired = { ...desired, certificate: sign(body.certificateRequest) };
          revision += 1;
        }
        heard(body);
        response.writeHead(204).end();
      });
    },
    { key: serving.key, cert: serving.certificate },
  );
};

const start = (
  env: Record<string, string>,
): { child: ChildProcess; log: Record<string, unknown>[]; ended: Promise<number | null> } => {
  const child = spawn(process.execPath, [program], {
    env: { ...env, PATH: process.env['PATH'] },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const log: Record<string, unknown>[] = [];
  if (child.stdout !== null)
    createInterface({ input: child.stdout }).on('line', (line) =>
      log.push(JSON.parse(line) as Record<string, unknown>),
    );
  return { child, log, ended: new Promise((resolve) => child.once('close', resolve)) };
};

test('the bundled agent asks the gateway, serves with the certificate it gets, takes an upload, and ends on SIGTERM', async () => {
  const content = await aPackage('6.1.0', 500_000);
  let observed: DistObserved | undefined;
  const gateway = await startGateway([content], (body) => {
    observed = body;
  });
  writeFileSync(join(root, 'token'), 'a-token\n');
  writeFileSync(join(root, 'ca.crt'), company.certificate);
  const { child, log, ended } = start({
    GATEWAY_URL: gateway.url,
    GATEWAY_TOKEN_FILE: join(root, 'token'),
    CA_FILE: join(root, 'ca.crt'),
    PACKAGES_DIRECTORY: join(root, 'packages'),
    PORT: '0',
  });
  const until = async <T>(find: () => T | undefined): Promise<T> => {
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  const port = Number(await until(() => log.find(({ msg }) => msg === 'Serving')?.['port']));
  await until(() => (observed === undefined ? undefined : true));
  const path = `/dist/v1/drivers/${content.id}.tar.gz`;
  const put = await call(port, path, { method: 'PUT', headers: uploadHeaders(content), body: content.bytes });
  expect(put.status).toBe(201);
  expect((await call(port, path)).body.equals(content.bytes)).toBe(true);
  await until(() => observed?.packages.find(({ state, sha256 }) => state === 'stored' && sha256 === content.sha256));
  child.kill('SIGTERM');
  expect(await ended).toBe(0);
  expect(log.at(-1)).toMatchObject({ level: 'info', agent: 'drivers-dist', signal: 'SIGTERM' });
  await gateway.close();
});

test('an environment that is not complete: one line that says what is missing, and exit code 1', async () => {
  const { log, ended } = start({});
  expect(await ended).toBe(1);
  expect(log).toMatchObject([{ level: 'error', error: 'GATEWAY_URL is not set, or no URL' }]);
});
