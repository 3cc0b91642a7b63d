/**
 * Keeps a control plane for another process: `tsx test/cluster/keeper.ts BINARIES [ADDRESS]`. Prints the name of the file with
 * the coordinates when all is ready, and stops everything when its standard input ends, which it also does when the
 * other process crashes or is killed: that is why it is a process. By hand in a terminal, Ctrl-C ends it.
 */
import { join } from 'node:path';
import { startControlPlane } from './control-plane';

const main = async (binaries: string, address: string | undefined): Promise<void> => {
  let over = (): void => undefined;
  const ended = new Promise<void>((resolve) => (over = resolve));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, over);
  process.stdin.once('end', over).once('error', over).resume();
  const plane = await startControlPlane(binaries, address);
  process.stdout.write(`${join(plane.coordinates.directory, 'coordinates.json')}\n`);
  await ended;
  await plane.stop();
};

main(process.argv[2] ?? '', process.argv[3]).then(
  () => process.exit(0),
  (error: Error) => {
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  },
);
