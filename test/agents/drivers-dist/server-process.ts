/** A bare server as a process: its argument is BareServerOptions as JSON; prints its port. */
import type { BareServerOptions } from './bare-server';
import { startBareServer } from './bare-server';

void startBareServer(JSON.parse(process.argv[2] ?? '') as BareServerOptions).then((port) => {
  process.stdout.write(`${port}\n`);
});
