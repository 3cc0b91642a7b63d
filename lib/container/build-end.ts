import type { KubeObject } from '../base/kube-object';
import { ANNOTATION } from '../base/names';
import { shortHash } from '../base/safe-names';
import type { WekaContainerSpec } from '../api/weka-container';
import type { AgentFailure, BuildResult } from '../drivers/agent-result';
import { readBuildResult } from '../drivers/agent-result';
import { rowOf } from '../drivers/failure-text';
import { endedContainers, hasEnded, text } from './pod-status';

/** Name of the main container of a Pod that runs WEKA's image. */
export const MAIN_CONTAINER = 'weka-container';

/** How a builder's Pod ended. */
export interface BuildEnd {
  readonly result: BuildResult;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** How a builder's Pod ended, by its termination message; without one it failed, whatever its exit code. `undefined`: it has not. */
export const buildEnd = (pod: KubeObject): BuildEnd | undefined => {
  if (!hasEnded(pod)) return undefined;
  const ended = endedContainers(pod);
  const main = ended.find(({ name }) => name === MAIN_CONTAINER);
  const times = ended.map(({ finishedAt }) => finishedAt).filter((time) => !Number.isNaN(time));
  const at = Math.max(Date.parse(pod.metadata.creationTimestamp ?? ''), ...times);
  const result = main === undefined ? undefined : readBuildResult(main.message);
  return { at, result: result ?? { kind: 'DriverBuildFailed', failure: died(pod), seconds: 0 } };
};

const died = (pod: KubeObject): AgentFailure => {
  const guilty = endedContainers(pod).find(({ exitCode }) => exitCode !== 0);
  const how =
    guilty === undefined ? 'it says nothing more' : `${guilty.reason || 'Error'}, exit code ${guilty.exitCode}`;
  // Of an eviction the reason says enough; its message has amounts that differ each time.
  const cause = text(pod.status?.['reason']) || how;
  return { code: 'BuilderDied', parameters: { cause } };
};

/** Pauses between attempts, in milliseconds: doubling from the first to the longest. */
const FIRST_PAUSE_MS = 30_000;
const LONGEST_PAUSE_MS = 30 * 60_000;

/**
 * When a build that has failed `attempts` times in a row is tried again, in milliseconds since the epoch; `undefined`: not
 * before what it is given changes.
 */
export const nextAttempt = (failure: AgentFailure, attempts: number, failedAt: number): number | undefined => {
  if (rowOf(failure)?.retry === false) return undefined;
  return failedAt + Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(30, Math.max(0, attempts - 1)));
};

/** Which attempt in a row a builder's Pod is; 1 for Pods that don't say. */
export const attemptOf = (pod: KubeObject): number => {
  const attempt = Number(pod.metadata.annotations?.[ANNOTATION.buildAttempt]);
  return Number.isInteger(attempt) && attempt > 0 ? attempt : 1;
};

/** A digest of what a Pod was given to build with; empty for Pods that don't say. */
export const inputsOf = (pod: KubeObject): string => pod.metadata.annotations?.[ANNOTATION.buildInputs] ?? '';

/** A digest of everything in the spec of a builder that may make the next attempt end otherwise. */
export const buildInputs = (spec: WekaContainerSpec): string => {
  const { image, builder, instructions, nodeSelector, nodeAffinity, affinity, overrides, uploadResultsTo } = spec;
  const given = [image, builder, instructions, nodeSelector, nodeAffinity, affinity, uploadResultsTo];
  return shortHash(JSON.stringify([...given, overrides?.preRunScript].map((part) => part ?? null)), 16);
};
