import { cpuMs, descriptors, peakMb, tell } from './probe';

/** Calls before the measured ones: discovery, first connections, the compiler. */
const WARM_UP = 200;

/** `calls` calls, `concurrency` at a time; tells calls a second, CPU a call and the most descriptors seen beyond those at the start. */
export const applyRun = async (
  { calls, concurrency }: { readonly calls: number; readonly concurrency: number },
  call: () => Promise<unknown>,
): Promise<void> => {
  const atStart = descriptors();
  let most = atStart;
  const timer = setInterval(() => (most = Math.max(most, descriptors())), 50);
  await inTurns(WARM_UP, concurrency, call);
  const [began, cpu] = [performance.now(), cpuMs()];
  await inTurns(calls, concurrency, call);
  const seconds = (performance.now() - began) / 1000;
  const spent = cpuMs() - cpu;
  clearInterval(timer);
  most = Math.max(most, descriptors());
  tell({
    rate: calls / seconds,
    cpu: spent / calls,
    descriptors: most - atStart,
    peak: peakMb(),
    calls: calls + WARM_UP,
  });
};

const inTurns = async (calls: number, concurrency: number, call: () => Promise<unknown>): Promise<void> => {
  let left = calls;
  const worker = async (): Promise<void> => {
    while (left-- > 0) await call();
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
};
