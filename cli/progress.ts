import type { Terminal } from './terminal';

/** Nothing is said before this: short work stays quiet. */
const QUIET_MS = 2000;

/**
 * Shows on stderr what a long-running `work` is at, from two seconds on: one line that is overwritten on a terminal,
 * a line every ten seconds elsewhere.
 */
export const withProgress = async <T>(
  terminal: Terminal,
  what: string,
  work: (report: (state: string) => void) => Promise<T> | T,
): Promise<T> => {
  const started = Date.now();
  let state = '';
  let shown = false;
  const show = (): void => {
    const seconds = Math.round((Date.now() - started) / 1000);
    const line = `${what}${state === '' ? '' : `: ${state}`} (${seconds} s)`;
    terminal.err(terminal.errIsTerminal ? `\r\u001b[K${line}` : `${line}\n`);
    shown = true;
  };
  let timer = setTimeout(function again() {
    show();
    timer = setTimeout(again, terminal.errIsTerminal ? 250 : 10_000);
  }, QUIET_MS);
  try {
    return await work((next) => void (state = next));
  } finally {
    clearTimeout(timer);
    if (shown && terminal.errIsTerminal) terminal.err('\r\u001b[K');
  }
};
