import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { createAuthority } from './certificates';
import type { Identity, KubeconfigOptions } from './coordinates';
import { describeCluster, eventually } from './harness';
import type { ManagerProcess } from './manager-process';
import { startManager, stopManagers } from './manager-process';
import type { OwnPlane } from './own-plane';
import { MANAGER, NAMESPACE, ownPlane, registerNode } from './own-plane';

jest.setTimeout(180_000);

const ROOT = join(__dirname, '../..');

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The command as a user runs it. */
const run = (args: readonly string[]): Promise<Ended> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', 'tsx', join(ROOT, 'cli/main.ts'), ...args], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'] },
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.once('error', reject);
    child.once('close', (status) => resolve({ status, stdout, stderr }));
  });

/** What it has to say but how far it is, which it tells only where it takes long. */
const complaints = (stderr: string): readonly string[] =>
  stderr.split('\n').filter((line) => line !== '' && !/^Planning\b/.test(line));

interface Line {
  readonly action: string;
  readonly object: string;
  readonly parent: string;
  readonly reasons: readonly string[];
}

const policy = (
  image = 'registry.example.com/weka-in-container:4.4.5.118-k8s.4',
): string => `apiVersion: weka.weka.io/v1alpha1
kind: WekaPolicy
metadata:
  name: drivers
  namespace: ${NAMESPACE}
spec:
  type: enable-local-drivers-distribution
  image: ${image}
  payload:
    interval: 1m
    driverDistPayload:
      ensureImages: [registry.example.com/weka-in-container:4.4.5.118-k8s.4]
`;

describeCluster('the command line and a real API server', () => {
  let plane: OwnPlane;
  let admin: string;
  let file: string;

  const written = (text: string): string => {
    writeFileSync(file, text);
    return file;
  };
  const plan = (kubeconfig: string, ...more: string[]): Promise<Ended> =>
    run(['plan', '-f', file, '--kubeconfig', kubeconfig, ...more]);
  const steps = async (): Promise<readonly Line[]> => {
    const { status, stdout, stderr } = await plan(admin, '-o', 'json');
    expect({ status, complaints: complaints(stderr) }).toEqual({ status: 0, complaints: [] });
    return (JSON.parse(stdout) as { readonly steps: readonly Line[] }).steps;
  };
  const actions = (lines: readonly Line[]): readonly string[] => [...new Set(lines.map(({ action }) => action))];

  beforeAll(async () => {
    plane = await ownPlane();
    admin = plane.coordinates.kubeconfig;
    file = join(plane.coordinates.directory, 'policy.yaml');
    written(policy());
    await registerNode(plane, 'node-1', '6.1.0-18-amd64');
    await registerNode(plane, 'node-2', '5.15.0-91-generic');
  });
  afterAll(async () => {
    await stopManagers();
    await plane.stop();
  });

  test('plan, without the CRDs even: everything would be created', async () => {
    const lines = await steps();
    expect(actions(lines)).toEqual(['create']);
    expect(lines.map(({ object }) => object)).toEqual(
      expect.arrayContaining([
        'WekaNode/node-1',
        `Service/${NAMESPACE}/drivers-dist`,
        `WekaContainer/${NAMESPACE}/drivers-dist`,
        `Pod/${NAMESPACE}/drivers-dist`,
      ]),
    );
  });

  describe('with the CRDs, and once the manager has done its work', () => {
    let planned: readonly Line[];
    let manager: ManagerProcess;
    beforeAll(async () => {
      await plane.installCrds();
      planned = await steps();
      await plane.kubectl(['apply', '--server-side', '-f', file]);
      manager = await startManager(await plane.kubeconfig(MANAGER));
      await eventually('a Pod for each container', async () => {
        const { stdout } = await plane.kubectl(['get', 'pods', '-n', NAMESPACE, '-o', 'name']);
        return stdout.split('\n').filter(Boolean).length === 3;
      });
      await eventually('nothing to do', async () => !(await steps()).some(({ action }) => action !== 'keep'));
    });

    test('plan: everything is as it should be, under the names that were planned', async () => {
      const lines = await steps();
      const ours = planned.filter(({ object }) => !object.startsWith('WekaNode/'));
      expect(lines.map(({ object }) => object).sort()).toEqual(ours.map(({ object }) => object).sort());
      const { stdout } = await plan(admin);
      expect(stdout).toContain(`WekaPolicy/${NAMESPACE}/drivers\n├─ = keep Service/drivers-dist\n`);
      expect(stdout).toMatch(/Plan: 0 to create, 0 to change, 0 to delete, 7 as they should be\.\n$/);
    });

    test('plan, for an edited file while the manager is away: what would change, and why; nothing happens', async () => {
      expect(await manager.stop()).toBe(0);
      written(policy('registry.example.com/weka-in-container:4.4.6.1-k8s.1'));
      const before = (await plane.get('wekacontainer', 'drivers-dist', '-n', NAMESPACE)).metadata.resourceVersion;
      const changed = (await steps()).filter(({ action }) => action === 'change');
      expect(changed.map(({ object }) => object)).toContain(`WekaContainer/${NAMESPACE}/drivers-dist`);
      expect(changed[0]?.reasons.join()).toMatch(/spec\.image/);
      expect((await plane.get('wekacontainer', 'drivers-dist', '-n', NAMESPACE)).metadata.resourceVersion).toBe(before);
      written(policy());
    });

    test('plan, for a cluster that was edited meanwhile: what it would put back', async () => {
      const patch = '[{"op":"replace","path":"/spec/ports/0/targetPort","value":1234}]';
      await plane.kubectl(['patch', 'service', 'drivers-dist', '-n', NAMESPACE, '--type=json', '-p', patch]);
      const changed = (await steps()).filter(({ action }) => action !== 'keep');
      expect(changed).toMatchObject([{ action: 'change', object: `Service/${NAMESPACE}/drivers-dist` }]);
      expect(changed[0]?.reasons.join()).toMatch(/spec\.ports/);
    });

    test('what synth writes is applied by a real server as it is', async () => {
      const out = join(plane.coordinates.directory, 'out');
      const { status } = await run(['synth', '-f', 'examples/', '-o', out, '--argo']);
      expect(status).toBe(0);
      const files = readdirSync(out, { recursive: true })
        .map(String)
        .filter((name) => name.endsWith('.yaml'));
      const objects = files.map((name) => readFileSync(join(out, name), 'utf8'));
      expect(objects.length).toBeGreaterThan(3);
      for (const text of objects) expect(parseAllDocuments(text)).toHaveLength(1);
      for (const namespace of new Set(
        files.filter((name) => name.includes('/')).map((name) => name.split('/')[0] ?? ''),
      ))
        await plane.kubectl(['create', 'namespace', namespace], { mayFail: true });
      const { stdout, stderr } = await plane.kubectl(
        ['apply', '--server-side', '--dry-run=server', '--recursive', '-f', out],
        { mayFail: true },
      );
      expect(stderr).not.toMatch(/error|warn/i);
      expect(stdout.trim().split('\n')).toHaveLength(objects.length);
    });

    test('what lint finds nothing in, the server accepts; the examples are both', async () => {
      const { status, stdout } = await run(['lint', '-f', 'examples/', '-o', 'json']);
      expect({ status, findings: JSON.parse(stdout) as unknown }).toEqual({ status: 0, findings: [] });
      for (const name of ['policy', 'cluster', 'client', 'container'])
        await plane.kubectl([
          'apply',
          '--server-side',
          '--dry-run=server',
          '--validate=strict',
          '-f',
          `examples/${name}.yaml`,
        ]);
    });

    test('the children of a plan are what a server accepts', async () => {
      const { stdout } = await plan(admin, '-o', 'yaml');
      const { stdout: said } = await plane.kubectl(
        ['apply', '--server-side', '--force-conflicts', '--dry-run=server', '-f', '-'],
        {
          stdin: stdout,
        },
      );
      expect(said).toContain('service/drivers-dist serverside-applied (server dry run)');
    });
  });

  const troubles: Record<
    string,
    {
      readonly identity?: Identity;
      readonly options?: () => KubeconfigOptions;
      readonly says: RegExp;
      readonly code: string;
    }
  > = {
    'that is not there': {
      options: () => ({ server: 'https://127.0.0.1:1' }),
      says: /127\.0\.0\.1:1 does not answer[^]*remedy Check the address/,
      code: 'ApiUnreachable',
    },
    'signed by an unknown authority': {
      options: () => ({ certificateAuthority: createAuthority('somebody else').certificate }),
      says: /is not trusted[^]*remedy Put the CA/,
      code: 'ApiUntrusted',
    },
    'that does not accept the token': {
      identity: { token: 'not-a-token-of-this-server' },
      says: /does not accept the credential[^]*remedy Renew the token/,
      code: 'ApiUnauthorized',
    },
    'for which the certificate has expired': {
      identity: { user: 'late', validForMs: -3_600_000 },
      says: /does not accept the credential[^]*remedy Renew the token or client certificate/,
      code: 'ApiUnauthorized',
    },
    'that forbids to read': {
      identity: { user: 'nobody' },
      says: /forbids list on wekaclusters\.weka\.weka\.io[^]*"nobody"[^]*remedy Apply the ClusterRole/,
      code: 'ApiForbidden',
    },
  };
  test.each(Object.entries(troubles))(
    'plan, with an API server %s: status 3, one message, the remedy',
    async (_what, { identity = MANAGER, options, says, code }) => {
      const { status, stdout, stderr } = await plan(await plane.kubeconfig(identity, options?.()));
      expect({ status, stdout }).toEqual({ status: 3, stdout: '' });
      expect(stderr).toMatch(says);
      expect(stderr).toContain(`[${code}]`);
      expect(complaints(stderr)).toHaveLength(2);
      expect(stderr).not.toContain('not-a-token');
    },
  );
});
