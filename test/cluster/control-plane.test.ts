import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { isAlive } from '../artefacts/store';
import { findBinaries, PROGRAMS, readRecipe } from './binaries';
import { createAuthority } from './certificates';
import {
  api,
  auditEvents,
  auditMark,
  controlPlane,
  describeCluster,
  eventually,
  kubectl,
  kubectlObjects,
  newKubeconfig,
  newNamespace,
  newToken,
  writes,
} from './harness';
import { startShared, sweepLeftovers } from './shared-control-plane';

jest.setTimeout(180_000);

describeCluster('the real control plane', () => {
  let namespace: string;
  beforeAll(async () => {
    namespace = await newNamespace('plane');
  });

  test('is the Kubernetes that go.mod pins, and says so', async () => {
    const pinned = /k8s\.io\/kubernetes (v\S+)/.exec(readFileSync(join(__dirname, 'binaries', 'go.mod'), 'utf8'))?.[1];
    const { stdout } = await kubectl(['version', '-o', 'json']);
    const said = JSON.parse(stdout) as Record<'clientVersion' | 'serverVersion', { gitVersion: string }>;
    const expected = process.env['KUBEBUILDER_ASSETS'] ? /^v1\.(3[4-9]|[4-9]\d)\./ : new RegExp(`^${pinned}$`);
    expect(said.serverVersion.gitVersion).toMatch(expected);
    expect(said.clientVersion.gitVersion).toMatch(expected);
  });

  test('runs the scheduler and the controllers: a Deployment gets its Pods, and without nodes they stay Pending with a reason', async () => {
    await kubectl(['create', 'deployment', 'sleeper', '--image=none', '--replicas=2', '-n', namespace]);
    const unschedulable = async (): Promise<boolean> => {
      const pods = await kubectlObjects(['get', 'pods', '-n', namespace]);
      const reasons = pods.flatMap((pod) => (pod.status?.['conditions'] as { reason?: string }[] | undefined) ?? []);
      return reasons.filter(({ reason }) => reason === 'Unschedulable').length === 2;
    };
    await eventually('two Pods that the scheduler has looked at', unschedulable);
  });

  test('grants a user nothing until RBAC does, and a group what is bound to it', async () => {
    const stranger = await newKubeconfig({ user: 'nobody', groups: ['plane:readers'] });
    const list = ['get', 'configmaps', '-n', namespace];
    const refused = await kubectl(list, { kubeconfig: stranger, mayFail: true });
    expect(refused.stderr).toContain('User "nobody" cannot list resource "configmaps"');
    await kubectl(['create', 'rolebinding', 'readers', '--clusterrole=view', '--group=plane:readers', '-n', namespace]);
    await eventually(
      'the binding counts',
      async () => (await kubectl(list, { kubeconfig: stranger, mayFail: true })).code === 0,
    );
  });

  test('accepts the token of a ServiceAccount as that ServiceAccount', async () => {
    const kubeconfig = await newKubeconfig({ token: await newToken(namespace, 'default') });
    const { stdout } = await kubectl(['auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}'], { kubeconfig });
    expect(stdout).toBe(`system:serviceaccount:${namespace}:default`);
  });

  test.each([
    [
      'a client certificate that has expired',
      { user: 'late', validForMs: -60_000 },
      'the server has asked for the client to provide credentials',
    ],
    [
      'a token that it did not sign',
      { token: 'not.a.token' },
      'the server has asked for the client to provide credentials',
    ],
  ])('refuses %s', async (_what, identity, message) => {
    const { code, stderr } = await kubectl(['get', 'pods'], {
      kubeconfig: await newKubeconfig(identity),
      mayFail: true,
    });
    expect({ code, stderr: stderr.toLowerCase() }).toEqual({
      code: 1,
      stderr: expect.stringMatching(new RegExp(`${message}|must be logged in`)),
    });
  });

  test('is not trusted by a client that knows another authority', async () => {
    const certificateAuthority = createAuthority('somebody else').certificate;
    const kubeconfig = await newKubeconfig({ user: 'a' }, { certificateAuthority });
    const { stderr } = await kubectl(['get', 'pods'], { kubeconfig, mayFail: true });
    expect(stderr).toContain('x509');
  });

  test('counts every write in the audit log, by verb, resource and user, and nothing else as a write', async () => {
    await kubectl(['create', 'rolebinding', 'writer', '--clusterrole=edit', '--user=writer', '-n', namespace]);
    const kubeconfig = await newKubeconfig({ user: 'writer' });
    const run = (...args: string[]) => kubectl([...args, '-n', namespace], { kubeconfig, mayFail: true });
    await eventually('the binding counts', async () => (await run('get', 'configmaps')).code === 0);
    const mark = auditMark();
    await run('create', 'configmap', 'counted');
    await run('create', 'configmap', 'counted');
    await run('label', 'configmap', 'counted', 'a=b');
    await run('create', 'configmap', 'imagined', '--dry-run=server');
    await run('get', 'configmaps');
    await run('delete', 'configmap', 'counted', '--wait=false');
    expect(writes({ since: mark, user: 'writer' })).toEqual({
      'create configmaps': 2,
      'patch configmaps': 1,
      'delete configmaps': 1,
    });
    const refused = auditEvents({ since: mark, user: 'writer' }).filter(({ status }) => status === 409);
    expect(refused).toMatchObject([{ verb: 'create', namespace, resource: 'configmaps' }]);
    expect(writes({ since: auditMark(), user: 'writer' })).toEqual({});
  });

  test('keeps everything it writes in its one directory', async () => {
    expect(existsSync(join(controlPlane().directory, 'kubectl-cache'))).toBe(true);
    expect((await api({ method: 'GET', path: '/readyz' })).text).toBe('ok');
  });
});

describeCluster('ending a control plane', () => {
  const serversOf = (coordinatesFile: string): number[] =>
    readFileSync(join(dirname(coordinatesFile), 'servers.pid'), 'utf8')
      .split('\n')
      .map(Number);

  test('stops every server and leaves no directory', async () => {
    const shared = await startShared(controlPlane().binaries);
    const servers = serversOf(shared.coordinatesFile);
    expect(servers.map(isAlive)).toEqual([true, true, true, true]);
    await shared.stop();
    expect(servers.map(isAlive)).toEqual([false, false, false, false]);
    expect(existsSync(dirname(shared.coordinatesFile))).toBe(false);
  });

  test('ends with the process that asked for it, even one that is killed', async () => {
    const script = [
      `require('tsx/cjs');`,
      `const { startShared } = require(${JSON.stringify(join(__dirname, 'shared-control-plane.ts'))});`,
      `startShared(${JSON.stringify(controlPlane().binaries)}).then((s) => console.log(s.coordinatesFile));`,
    ].join('\n');
    const parent = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const file = await new Promise<string>((resolve) =>
      parent.stdout.once('data', (line: Buffer) => resolve(line.toString().trim())),
    );
    const servers = serversOf(file);
    parent.kill('SIGKILL');
    await eventually('all servers gone', async () => !servers.some(isAlive) && !existsSync(dirname(file)), 60_000);
  });

  test('and what a killed keeper leaves is swept by the next run', async () => {
    const shared = await startShared(controlPlane().binaries);
    const servers = serversOf(shared.coordinatesFile);
    process.kill(Number(readFileSync(join(dirname(shared.coordinatesFile), 'keeper.pid'), 'utf8')), 'SIGKILL');
    await shared.stop();
    expect(servers.map(isAlive)).toEqual([true, true, true, true]);
    await sweepLeftovers();
    await eventually('all servers gone', async () => !servers.some(isAlive));
    expect(existsSync(dirname(shared.coordinatesFile))).toBe(false);
    expect(existsSync(controlPlane().directory)).toBe(true);
  });

  test('a server that cannot start is named, with the end of its log', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'weka-operator-binaries-'));
    for (const program of Object.keys(PROGRAMS)) {
      const real = `exec ${join(controlPlane().binaries, program)} "$@"`;
      const broken = 'echo "no such thing as a key" >&2; exit 3';
      await writeFile(join(directory, program), `#!/bin/sh\n${program === 'kube-apiserver' ? broken : real}\n`, {
        mode: 0o755,
      });
    }
    await expect(startShared(directory)).rejects.toThrow(
      /kube-apiserver ended while starting \(exit code 3\):\nno such thing as a key/,
    );
    await rm(directory, { recursive: true });
  });
});

describe('finding the binaries', () => {
  const lines: string[] = [];
  const say = (line: string): void => void lines.push(line);
  let home: string;
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'weka-operator-cache-'));
  });
  afterEach(() => rm(home, { recursive: true }));

  const fill = async (directory: string): Promise<void> => {
    execFileSync('mkdir', ['-p', directory]);
    for (const program of Object.keys(PROGRAMS)) await writeFile(join(directory, program), '', { mode: 0o755 });
  };

  test('KUBEBUILDER_ASSETS comes first', async () => {
    await fill(home);
    const found = await findBinaries({ environment: { KUBEBUILDER_ASSETS: home, XDG_CACHE_HOME: '/nowhere' }, say });
    expect(found).toEqual({ directory: home, origin: 'KUBEBUILDER_ASSETS' });
  });

  test('KUBEBUILDER_ASSETS that lacks a program is a mistake that is named, not passed over', async () => {
    await fill(home);
    await rm(join(home, 'kubectl'));
    const found = await findBinaries({ environment: { KUBEBUILDER_ASSETS: home }, say });
    expect(found).toEqual({ missing: `KUBEBUILDER_ASSETS=${home} lacks kubectl`, failed: true });
  });

  test('then an earlier build under the key of go.mod, go.sum and the flags', async () => {
    const directory = join(home, 'weka-operator', 'control-plane', (await readRecipe()).key);
    await fill(directory);
    expect(await findBinaries({ environment: { XDG_CACHE_HOME: home, PATH: '' }, say })).toEqual({
      directory,
      origin: 'cache',
    });
  });

  test('a build that was cut short is not taken for one', async () => {
    const directory = join(home, 'weka-operator', 'control-plane', (await readRecipe()).key);
    await fill(directory);
    await rm(join(directory, 'kube-scheduler'));
    const found = await findBinaries({ environment: { XDG_CACHE_HOME: home, PATH: '' }, say });
    expect(found).toMatchObject({ failed: false, missing: expect.stringContaining('no go on the PATH') });
  });

  test('then go builds all of them, showing each; a failure is told with what go said, and leaves nothing', async () => {
    const bin = join(home, 'bin');
    await fill(bin);
    await writeFile(
      join(bin, 'go'),
      [
        '#!/bin/sh',
        '[ "$1" = version ] && exit 0',
        '[ -n "$FAIL" ] && echo "no network" >&2 && exit 1',
        'while [ "$1" != -o ]; do shift; done',
        'mkdir -p "$(dirname "$2")"',
        'echo "#!/bin/sh" > "$2"; chmod +x "$2"',
      ].join('\n'),
      { mode: 0o755 },
    );
    const environment = { XDG_CACHE_HOME: home, PATH: `${bin}:/usr/bin:/bin` };
    const parent = join(home, 'weka-operator', 'control-plane');
    const failed = await findBinaries({ environment: { ...environment, FAIL: '1' }, say });
    expect(failed).toEqual({ missing: 'building failed: go build ended with 1: no network', failed: true });
    expect(execFileSync('ls', [parent]).toString()).toBe('');
    lines.length = 0;
    const built = await findBinaries({ environment, say });
    expect(built).toEqual({ directory: join(parent, (await readRecipe()).key), origin: 'built' });
    expect(lines.filter((line) => / done in /.test(line)).map((line) => line.split(' ')[1])).toEqual(
      Object.keys(PROGRAMS),
    );
    expect(await findBinaries({ environment, say })).toMatchObject({ origin: 'cache' });
  });
});
