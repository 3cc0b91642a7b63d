import { createHash } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunningAgent } from '../../gateway/workshop';
import type { Kernel } from '../../node/vm/kernel';
import { kernelHeaders, requireHeaders, scratch } from '../../drivers/sample-driver';
import { bundleBuilder, surround as surroundProgram, until } from './surroundings';

jest.setTimeout(300_000);

let program: string;
let kernel: Kernel | undefined;
const ends: (() => Promise<unknown>)[] = [];
beforeAll(async () => {
  const { path, remove } = await scratch();
  ends.push(remove);
  program = join(path, 'drivers-builder.js');
  await bundleBuilder(program);
  const found = await kernelHeaders();
  if (requireHeaders(found)) kernel = found.kernel;
});
afterAll(async () => {
  for (const end of ends.reverse()) await end();
});

const surround = async (on: Kernel) => {
  const around = await surroundProgram(on, program);
  ends.push(around.close);
  return around;
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
