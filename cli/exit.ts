/** Exit codes of every command. They are API: scripts and pipelines depend on them. */
export const EXIT = {
  /** Done, nothing to say against it. */
  fine: 0,
  /** The input was read and something is wrong with it: findings, an impossible plan, a refused object. */
  findings: 1,
  /** The command line itself is wrong. */
  usage: 2,
  /** The cluster can't be reached, or doesn't let us in. */
  unreachable: 3,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
