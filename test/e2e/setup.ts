import { announceSkipping } from '../cluster/shared-control-plane';
import { E2E_VARIABLE, prepareE2e } from './prepare';

/** Prepares what every cluster with a real node starts from; where that is impossible the suites are reported as skipped. */
const setup = async (): Promise<void> => {
  const prepared = await prepareE2e(process.env, (line) => void process.stderr.write(`real node: ${line}\n`));
  if ('ready' in prepared) {
    process.env[E2E_VARIABLE] = JSON.stringify(prepared.ready);
    return;
  }
  if (prepared.failed && process.env['CI']) throw new Error(`no real node for the e2e suites: ${prepared.missing}`);
  announceSkipping(`e2e suites SKIPPED: ${prepared.missing}.`, process.env);
};

// jest takes the default export.
export { setup as default };
