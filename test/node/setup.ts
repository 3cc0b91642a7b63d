import { announceSkipping } from '../cluster/shared-control-plane';
import { prepareVm, VM_VARIABLE } from './vm/prepare';

/** Prepares what all virtual machines share, once; where that is impossible the suites are reported as skipped. */
const setup = async (): Promise<void> => {
  const prepared = await prepareVm(process.env, (line) => void process.stderr.write(`virtual machine: ${line}\n`));
  if ('ready' in prepared) {
    process.env[VM_VARIABLE] = JSON.stringify(prepared.ready);
    return;
  }
  if (prepared.failed && process.env['CI'])
    throw new Error(`no virtual machine for the node suites: ${prepared.missing}`);
  announceSkipping(`node suites SKIPPED: ${prepared.missing}.`, process.env);
};

// jest takes the default export.
export { setup as default };
