import { request } from 'node:https';
import { setTimeout as wait } from 'node:timers/promises';
import type { Container } from './container';
import type { Probe } from './pod-spec';

interface Probed {
  readonly container: Container;
  /** Address of its Pod. */
  readonly host: string;
  /** Aborted when the container has ended. */
  readonly signal: AbortSignal;
}

const TIMEOUT_MS = 5_000;

/** Asks again and again until the container ends, and tells each change. Without a probe it is never asked. */
export const probe = async (what: Probe | undefined, probed: Probed, tell: (ready: boolean) => void): Promise<void> => {
  if (what === undefined) return;
  const { periodSeconds = 10, failureThreshold = 3 } = what;
  let [ready, failures] = [false, 0];
  while (!probed.signal.aborted) {
    const good = await ask(what, probed);
    failures = good ? 0 : failures + 1;
    const next = good || (ready && failures < failureThreshold);
    if (next !== ready && !probed.signal.aborted) tell((ready = next));
    // Until it is ready it is asked more often than the kubelet would: only the test's time depends on it.
    const pause = ready ? periodSeconds * 1000 : 250;
    await wait(pause, undefined, { signal: probed.signal }).catch(() => undefined);
  }
};

const ask = ({ exec, httpGet }: Probe, { container, host }: Probed): Promise<boolean> => {
  if (exec !== undefined) return container.run(exec.command);
  if (httpGet?.scheme === 'HTTPS') return get(host, httpGet);
  throw new Error('the kubelet stand-in knows probes by exec and by HTTPS');
};

/** The kubelet does not verify certificates of what it probes: it does not know whose they are. */
const get = (host: string, { path, port }: NonNullable<Probe['httpGet']>): Promise<boolean> =>
  new Promise((resolve) => {
    const options = { host, port, path, agent: false, rejectUnauthorized: false, timeout: TIMEOUT_MS } as const;
    const sent = request(options, (answer) => {
      answer.resume();
      const status = answer.statusCode ?? 500;
      resolve(status >= 200 && status < 400);
    });
    sent.once('timeout', () => sent.destroy(new Error('no answer in time')));
    sent.once('error', () => resolve(false));
    sent.end();
  });
