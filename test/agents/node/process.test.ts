import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DOCUMENT_KIND } from '../../../lib/drivers/agent-documents';
import { until, Workshop } from '../../gateway/workshop';

jest.setTimeout(180_000);

const ROOT = join(__dirname, '../../..');

describe('the observer, as a process', () => {
  const shop = new Workshop();
  const root = join(shop.directory, 'node');
  let child: ChildProcess | undefined;
  let said = '';
  const file = (path: string, content = ''): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  };
  const start = (environment: Record<string, string>): Promise<number | null> => {
    const args = ['--import', 'tsx', join(ROOT, 'agents/node/main.ts')];
    child = spawn(process.execPath, args, { cwd: ROOT, env: { PATH: process.env['PATH'], ...environment } });
    child.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    return new Promise((resolve) => child?.once('close', resolve));
  };
  beforeAll(() => shop.start());
  afterAll(async () => {
    child?.kill('SIGKILL');
    await shop.stop();
  });

  test('reports what it sees, again when that changes, as often as it is told to look, and stops when told', async () => {
    file('proc/sys/kernel/random/boot_id', 'boot-1\n');
    file('host/mountinfo');
    file('host/lib/modules/6.1/modules.order');
    file('host/usr/lib/os-release', 'ID=debian\nVERSION_ID="12"\n');
    file('host/sys/module/ext4/initstate');
    const agent = shop.observer('node-1');
    shop.exchange.publish({ agent: agent.id, kind: DOCUMENT_KIND.nodeDesired, body: { intervalSeconds: 5 } });
    const ended = start({
      GATEWAY_URL: shop.url,
      GATEWAY_TOKEN_FILE: shop.file('token', agent.token),
      CA_FILE: shop.file('ca.crt', shop.ca.caBundle() ?? ''),
      NODE_NAME: 'node-1',
      HOST_ROOT: root,
    });
    const body = () => shop.exchange.observed('node/node-1')?.body;
    await until('it reports', () => body() !== undefined);
    expect(body()).toMatchObject({ bootID: 'boot-1', modules: [], system: { id: 'debian', version: '12' } });
    expect(body()?.['kernels']).toEqual([{ release: '6.1', headers: false }]);
    file('host/sys/module/wekafsio/initstate', 'live\n');
    file('host/sys/module/wekafsio/srcversion', 'ABC\n');
    await until('it sees the module', () => JSON.stringify(body()?.['modules']) !== '[]');
    expect(body()?.['modules']).toEqual([{ name: 'wekafsio', srcversion: 'ABC', holders: [] }]);
    child?.kill('SIGTERM');
    expect(await ended).toBe(0);
    expect(said).not.toContain(agent.token.split('.')[2]);
  });

  test('without a gateway to dial it says which variable is missing', async () => {
    said = '';
    expect(await start({})).toBe(2);
    expect(said).toContain('GATEWAY_URL is no URL');
  });
});
