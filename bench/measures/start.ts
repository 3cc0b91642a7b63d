import { spawn, spawnSync } from 'node:child_process';
import { get } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { compileUnbundled } from '../compile';
import type { Measure } from '../measure';
import { median, row } from '../row';
import { withServer } from '../served';

const RUNS = 7;
const ROOT = join(__dirname, '..', '..');
const PATIENCE_MS = 20_000;

const statusOf = (url: string): Promise<number> =>
  new Promise((resolve) => {
    get(url, { agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    }).on('error', () => resolve(0));
  });

/** Seconds from the start of the process until /readyz says yes. */
const startToReady = async (entry: string, kubeconfig: string): Promise<number> => {
  const began = performance.now();
  const options = ['--kubeconfig', kubeconfig, '--health-address', '127.0.0.1:0', '--no-leader-election'];
  const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
  const child = spawn(process.execPath, [entry, 'manager', ...options], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()));
  try {
    const port = await new Promise<string>((resolve, reject) => {
      createInterface({ input: child.stderr }).on('line', (line) => {
        const found = /port (\d+)/.exec(line)?.[1];
        if (found !== undefined) resolve(found);
      });
      child.once('close', (code) => reject(new Error(`the manager ended with ${code}`)));
    });
    while ((await statusOf(`http://127.0.0.1:${port}/readyz`)) !== 200) {
      if (performance.now() - began > PATIENCE_MS) throw new Error('the manager was not ready in time');
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    return (performance.now() - began) / 1000;
  } finally {
    child.kill('SIGKILL');
    await gone;
  }
};

/** `npm run bundle`; gives the bundle. */
const bundle = (): string => {
  const { status } = spawnSync('npm', ['run', '--silent', 'bundle'], { cwd: ROOT, stdio: 'ignore' });
  if (status !== 0) throw new Error(`npm run bundle ended with ${status}`);
  return join(ROOT, 'dist', 'weka-operator.js');
};

export const start: Measure = {
  id: 'start',
  run: () =>
    withServer({ tls: true }, async ({ kubeconfig }) => {
      const [bundled, unbundled] = [bundle(), compileUnbundled()];
      const times: Record<string, number[]> = { bundled: [], unbundled: [] };
      for (let run = 0; run < RUNS; run++) {
        times['bundled']?.push(await startToReady(bundled, kubeconfig));
        times['unbundled']?.push(await startToReady(unbundled, kubeconfig));
      }
      return [
        row({
          id: 'start/ready',
          measure: 'manager, start of the process to ready, bundled',
          unit: 's',
          better: 'less',
          ours: median(times['bundled'] ?? []),
          peer: median(times['unbundled'] ?? []),
          peerName: 'unbundled',
          target: { atMost: 0.5 },
        }),
      ];
    }),
};
