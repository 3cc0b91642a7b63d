import type { Verdict } from '../base/conditions';
import type { AgentFailure } from '../drivers/agent-result';
import { failureText, rowOf } from '../drivers/failure-text';

/** What a container does, in WEKA's word and as the standard conditions say it. */
export interface Phase {
  /** As WEKA writes it: `Init`, `PodNotRunning`, `Running`, `Building`, `Completed`, `WaitForDrivers`, `Error`. */
  readonly phase: string;
  readonly verdict: Verdict;
}

/** It goes on by itself. */
export const going = (phase: string, reason: string, message: string): Phase => ({
  phase,
  verdict: { state: 'reconciling', reason, message },
});

export const done = (phase: string, message: string): Phase => ({ phase, verdict: { state: 'ready', message } });

/** It failed: tried again by itself, or not before somebody changes something, as the table of errors says. */
export const failing = (phase: string, failure: AgentFailure): Phase => ({
  phase,
  verdict: {
    state: rowOf(failure)?.retry === false ? 'stalled' : 'reconciling',
    reason: failure.code,
    message: failureText(failure),
  },
});
