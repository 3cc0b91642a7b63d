import type { ContainerControl, StopReason } from '../../sim/nodes/behaviour';
import { aCluster, aPod, inDefault, phase, POD } from './embedded';

/** A Pod whose container `main` runs a program, on one node. */
const aProgram = () => {
  const runs: ContainerControl[] = [];
  const stops: StopReason[] = [];
  const cluster = aCluster({
    behaviour: ({ name }) =>
      name === 'main'
        ? {
            program: (control) => {
              runs.push(control);
              return (why) => void stops.push(why);
            },
          }
        : undefined,
  });
  cluster.nodes.add({ name: 'n1' });
  cluster.server.create(aPod('a', { restartPolicy: 'OnFailure' }), { user: 'test', manager: 'test' });
  const pod = () => cluster.get(inDefault(POD, 'a'));
  const status = () => (pod()?.status?.['containerStatuses'] as Record<string, unknown>[] | undefined)?.[0];
  const pass = (forMs = 5_000) => cluster.clock.run({ forMs });
  return { cluster, runs, stops, pod, status, pass };
};

describe('a program in a container', () => {
  it('is ready when it says so, and no longer when it says so', async () => {
    const { runs, status, pass } = aProgram();
    await pass();
    expect(status()).toMatchObject({ ready: false });
    runs[0]!.ready(true);
    await pass();
    expect(status()).toMatchObject({ ready: true });
    runs[0]!.ready(false);
    await pass();
    expect(status()).toMatchObject({ ready: false });
  });

  it('decides how it ends when it ends, and can say nothing after that', async () => {
    const { runs, stops, pod, status, pass } = aProgram();
    await pass();
    runs[0]!.exit({ code: 0, message: 'done' });
    runs[0]!.exit({ code: 1 });
    runs[0]!.ready(true);
    await pass();
    expect(phase(pod())).toBe('Succeeded');
    expect(status()).toMatchObject({ ready: false, state: { terminated: { exitCode: 0, message: 'done' } } });
    expect(stops).toEqual([]);
  });

  it('is started anew where the restart policy says so', async () => {
    const { runs, pass } = aProgram();
    await pass();
    runs[0]!.exit({ code: 1 });
    await pass();
    expect(runs).toHaveLength(2);
  });

  it('is asked to stop when its Pod is deleted, and killed with its machine', async () => {
    const first = aProgram();
    await first.pass();
    first.cluster.server.delete(inDefault(POD, 'a'), { user: 'test', propagation: 'Background' });
    await first.pass();
    expect(first.stops).toEqual(['asked']);
    const second = aProgram();
    await second.pass();
    second.cluster.nodes.stop('n1');
    expect(second.stops).toEqual(['killed']);
    second.runs[0]!.exit({ code: 0 });
    second.cluster.nodes.start('n1');
    await second.pass();
    expect(second.runs).toHaveLength(2);
  });
});
