/**
 * Serves a directory of packages as the distribution service does: over TLS the whole service, in clear its storage and
 * its HTTP, which has this for measurements only. Prints its port, ends with its input.
 */
import type { WantedPackage } from '../../lib/drivers/agent-documents';
import { startBareServer } from '../../test/agents/drivers-dist/bare-server';
import { PERMIT_KEY, TestDist } from '../../test/agents/drivers-dist/test-dist';

interface Options {
  readonly directory: string;
  readonly tls: boolean;
  readonly wanted: WantedPackage;
}

const start = async ({ directory, tls, wanted }: Options): Promise<number> => {
  const desired = { packages: [wanted], permitKeys: [PERMIT_KEY] };
  if (!tls) return startBareServer({ directory, desired });
  const dist = await TestDist.start({}, { directory });
  dist.tell(desired);
  await dist.settled();
  return dist.port;
};

const main = async (): Promise<void> => {
  const port = await start(JSON.parse(process.argv[2] ?? '') as Options);
  process.stdout.write(`${port}\n`);
  // At once: what lies in the directory is removed by whoever made it.
  const end = (): never => process.exit(0);
  process.stdin.once('end', end).once('error', end).resume();
};

void main();
