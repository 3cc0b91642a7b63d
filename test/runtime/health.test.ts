import { HealthServer, readinessText, splitAddress } from '../../controllers/runtime/health';
import type { Readiness } from '../../controllers/runtime/manager-options';
import { createMetrics } from '../../controllers/runtime/metrics';

const WAITING: Readiness = {
  ready: false,
  checks: [
    { name: 'cache WekaPolicy', ready: false, message: 'The cluster does not know WekaPolicy. Apply crds/.' },
    { name: 'cache Pod', ready: true, message: '' },
    { name: 'leader', ready: true, message: 'standing by, b leads' },
  ],
};

describe('the health server', () => {
  const state = { readiness: WAITING };
  const server = new HealthServer({
    address: '127.0.0.1:0',
    readiness: () => state.readiness,
    metrics: createMetrics(),
  });
  let base = '';
  beforeAll(async () => {
    base = `http://127.0.0.1:${await server.start()}`;
  });
  afterAll(() => server.stop());
  const ask = async (path: string, method = 'GET') => {
    const answer = await fetch(base + path, { method, headers: { connection: 'close' } });
    return { status: answer.status, text: await answer.text() };
  };

  test('is alive', async () => {
    expect(await ask('/healthz')).toEqual({ status: 200, text: 'ok\n' });
  });

  test('says what it waits for', async () => {
    const { status, text } = await ask('/readyz?verbose');
    expect(status).toBe(503);
    expect(text).toBe(
      '[-] cache WekaPolicy: The cluster does not know WekaPolicy. Apply crds/.\n[+] cache Pod ok\n[+] leader: standing by, b leads\nnot ready\n',
    );
  });

  test('is ready when all is', async () => {
    state.readiness = { ready: true, checks: [] };
    expect(await ask('/readyz')).toEqual({ status: 200, text: 'ready\n' });
  });

  test('serves metrics', async () => {
    expect((await ask('/metrics')).text).toContain('# TYPE workqueue_depth gauge');
  });

  test.each([
    ['POST', '/metrics', 405],
    ['GET', '/nothing', 404],
  ])('%s %s is answered %d', async (method, path, status) => {
    expect((await ask(path, method)).status).toBe(status);
  });

  test('an address that is taken is an error', async () => {
    const second = new HealthServer({
      address: base.replace('http://', ''),
      readiness: () => WAITING,
      metrics: createMetrics(),
    });
    await expect(second.start()).rejects.toThrow('EADDRINUSE');
  });
});

test.each([
  [':8081', undefined, 8081],
  ['8081', undefined, 8081],
  ['127.0.0.1:8081', '127.0.0.1', 8081],
  ['[::1]:8081', '::1', 8081],
])('the address %s', (address, host, port) => {
  expect(splitAddress(address)).toEqual({ host, port });
});

test('a ready manager with nothing to say is a line a check', () => {
  expect(readinessText({ ready: true, checks: [{ name: 'leader', ready: true, message: '' }] })).toBe(
    '[+] leader ok\nready\n',
  );
});
