import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { BuilderPaths } from '../../../agents/drivers-builder/settings';
import { readBuildResult } from '../../../lib/drivers/agent-result';
import { bodyOf, DOCUMENT_KIND } from '../../../lib/drivers/agent-documents';
import { packageId } from '../../../lib/drivers/package';
import { issuePermit } from '../../../lib/drivers/permit';
import { createAuthority, issue } from '../../cluster/certificates';
import type { RunningAgent } from '../../gateway/workshop';
import { Workshop } from '../../gateway/workshop';
import type { Kernel } from '../../node/vm/kernel';
import { kernelHeaders, requireHeaders, scratch } from '../../drivers/sample-driver';
import { prepareContainer } from './container';
import { FakeDist } from './fake-dist';

jest.setTimeout(300_000);

/** Resolves when `holds`; the test's own limit is the only one: a build takes long where much else is going on. */
const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 10));
};

/** The program as it lies in the operator's image. */
let program: string;
let kernel: Kernel | undefined;
const ends: (() => Promise<unknown>)[] = [];
beforeAll(async () => {
  const { path, remove } = await scratch();
  ends.push(remove);
  program = join(path, 'drivers-builder.js');
  const entryPoints = [join(__dirname, '../../../agents/drivers-builder/main.ts')];
  await build({ entryPoints, outfile: program, bundle: true, platform: 'node', target: 'node20', format: 'cjs' });
  const found = await kernelHeaders();
  if (requireHeaders(found)) kernel = found.kernel;
});
afterAll(async () => {
  for (const end of ends.reverse()) await end();
});

/** A process of the agent, with what it says. */
class Builder {
  readonly lines: string[] = [];
  readonly ended: Promise<number | string | null>;

  constructor(readonly child: ChildProcess) {
    child.stdout
      ?.setEncoding('utf8')
      .on('data', (text: string) => this.lines.push(...text.split('\n').filter(Boolean)));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => this.lines.push(text));
    this.ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | string | null);
  }

  said(text: string): boolean {
    return this.lines.some((line) => line.includes(text));
  }
}

/** Everything around a builder's Pod: a real gateway, a service for packages, a node with headers. */
const surround = async (on: Kernel) => {
  const { path, remove } = await scratch();
  const workshop = new Workshop();
  await workshop.start();
  const ca = createAuthority('installation');
  const issued = issue(ca, { commonName: 'installation' }, { subject: { commonName: 'dist' }, hosts: ['127.0.0.1'] });
  const dist = new FakeDist(issued);
  const distUrl = await dist.listen();
  ends.push(
    remove,
    () => workshop.stop(),
    () => dist.close(),
  );
  const paths: BuilderPaths = await prepareContainer(path, on);
  const agent = workshop.container('drivers-builder');
  const termination = join(path, 'termination-log');
  const target = { wekaVersion: '4.4.2.118', kernel: on.release, architecture: 'amd64' };
  const id = packageId(target);
  const permit = issuePermit('permit key', { packageId: id, podUID: 'pod-1', expires: Date.now() / 1000 + 600 });
  const order = (): void =>
    workshop.exchange.publish({
      agent: agent.id,
      kind: DOCUMENT_KIND.builderDesired,
      body: bodyOf({ ...target, id, distUrl, permit }),
    });
  const env = {
    PATH: process.env['PATH'],
    NODE_NAME: 'node-1',
    WEKA_VERSION: target.wekaVersion,
    MODE: 'drivers-builder',
    GATEWAY_URL: workshop.url,
    GATEWAY_TOKEN_FILE: workshop.file('token', agent.token),
    CA_FILE: workshop.file('ca.crt', `${workshop.ca.caBundle()}\n${ca.certificate}`),
    INSTRUCTIONS: JSON.stringify({
      type: 'build-drivers',
      payload: JSON.stringify({ kernel: target.kernel, arch: target.architecture, buildTimeout: '10m' }),
    }),
    TERMINATION_LOG: termination,
    SCRATCH_DIRECTORY: paths.scratch,
    MODULES_DIRECTORY: paths.modules,
    NODE_LIBRARIES: paths.nodeLibraries,
    LIBRARIES: paths.libraries,
    DRIVER_SOURCES: paths.driverSources,
    WEKA_DIRECTORY: paths.weka,
  };
  const start = (more: Record<string, string> = {}): Builder =>
    new Builder(spawn(process.execPath, [program], { env: { ...env, ...more } }));
  const result = async () => readBuildResult(await readFile(termination, 'utf8').catch(() => ''));
  return { workshop, dist, agent, id, permit, order, start, result, termination, paths };
};

const withKernel = (name: string, run: (kernel: Kernel) => Promise<void>): void =>
  test(name, async () => {
    if (kernel !== undefined) await run(kernel);
  });

describe('the process of a builder', () => {
  withKernel(
    'builds, tells what it does, uploads, and leaves its result; a run that was killed costs nothing but time',
    async (on) => {
      const { workshop, dist, agent, id, permit, order, start, result, termination } = await surround(on);
      const stepOf = ({ id: of }: RunningAgent): unknown => workshop.exchange.observed(of)?.body['step'];
      const first = start();
      await until(() => first.said('The package is built'));
      await until(() => stepOf(agent) === 'uploading');
      first.child.kill('SIGKILL');
      expect(await first.ended).toBe('SIGKILL');
      expect(await result()).toBeUndefined();

      // The manager has been replaced meanwhile, and only now says where the package goes.
      await workshop.restart();
      const second = start();
      await until(() => second.said('Building with kbuild'));
      order();
      expect(await second.ended).toBe(0);
      expect(stepOf(agent)).toBe('uploading');

      const stored = dist.stored.get(id) ?? Buffer.alloc(0);
      expect(await result()).toEqual({
        kind: 'DriverBuilt',
        sha256: createHash('sha256').update(stored).digest('hex'),
        size: stored.length,
        seconds: expect.any(Number),
        compiler: expect.stringMatching(/^gcc \d+\.\d+\.\d+$/),
      });
      expect(first.said(((await result()) as { sha256: string }).sha256)).toBe(true);
      const whole = [...first.lines, ...second.lines];
      for (const line of whole) expect(JSON.parse(line)).toMatchObject({ agent: 'drivers-builder' });
      for (const secret of [agent.token, permit]) expect(whole.join('\n')).not.toContain(secret.split('.').at(-1));
      await rm(termination);
    },
  );

  withKernel('that fails ends well all the same, with what went wrong: only the operator tries again', async (on) => {
    const { start, result, paths } = await surround(on);
    await rm(paths.driverSources, { recursive: true });
    expect(await start().ended).toBe(0);
    expect(await result()).toMatchObject({
      kind: 'DriverBuildFailed',
      failure: { code: 'DriverSourcesMissing', parameters: { directory: paths.driverSources } },
    });
  });

  withKernel('whose Pod is deleted ends at once, without a result, and leaves nothing running', async (on) => {
    const { start, result, paths } = await surround(on);
    const file = join(paths.scratch, '../pid');
    const script = `echo $$ > ${file}.new; mv ${file}.new ${file}; sleep 600`;
    const builder = start({ PRE_RUN_SCRIPT: Buffer.from(script).toString('base64') });
    await until(() => builder.said('Running the pre-run script'));
    let pid = '';
    while (pid === '') pid = await readFile(file, 'utf8').catch(() => '');
    builder.child.kill('SIGTERM');
    expect(await builder.ended).toBe(143);
    expect(await result()).toBeUndefined();
    const state = await readFile(`/proc/${pid.trim()}/stat`, 'utf8').catch(() => ') Z ');
    expect(state).toMatch(/\) [ZX] /);
  });

  withKernel('that was told nonsense says so', async (on) => {
    const { start, result } = await surround(on);
    expect(await start({ INSTRUCTIONS: '{' }).ended).toBe(0);
    expect(await result()).toMatchObject({ failure: { code: 'BuildInstructionsInvalid' } });
  });

  withKernel('that cannot leave its result ends with an error', async (on) => {
    const { start, paths } = await surround(on);
    await rm(paths.driverSources, { recursive: true });
    await writeFile(join(paths.scratch, '../file'), '');
    const builder = start({ TERMINATION_LOG: join(paths.scratch, '../file/termination-log') });
    expect(await builder.ended).toBe(1);
    expect(builder.said('No result could be told')).toBe(true);
  });
});
