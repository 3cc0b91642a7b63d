/** What the containers of a Pod do on a simulated node: how long they take and how they end. */
import type { Random } from '../../controllers/runtime/random';
import type { LiveObject } from '../../lib/base/kube-object';
import { LABEL } from '../../lib/base/names';
import { between } from '../random';

/** How a container ended. The reason follows from the code where none is given (`Completed`, `Error`). */
export interface ContainerEnd {
  readonly code: number;
  /** Its termination message. */
  readonly message?: string;
  readonly reason?: string;
}

/** What a program in a container can bring about by itself. Nothing happens once it has ended or was stopped. */
export interface ContainerControl {
  readonly exit: (end: ContainerEnd) => void;
  /** What its readiness probe says from now on. */
  readonly ready: (ready: boolean) => void;
}

/** Why a program stops that did not end: it was asked to and may finish what it began, or it was killed with its machine or Pod. */
export type StopReason = 'asked' | 'killed';

/** A program: called when its container runs; the result stops it. */
export type Program = (control: ContainerControl) => (why: StopReason) => void;

export interface ContainerBehaviour {
  /** Virtual milliseconds to pull the image. Default 500. */
  readonly pullMs?: number;
  /** From pulled to running. Default 200. */
  readonly startMs?: number;
  /** From running to ready. Default 0. */
  readonly readyMs?: number;
  /** How long it runs. Default: for ever; an init container for a second. */
  readonly runMs?: number;
  /** How it ends after `runMs`. Default: code 0, no message. */
  readonly exit?: ContainerEnd;
  /** What it does while it runs, in place of `readyMs`, `runMs` and `exit`. It is not ready before it says so. */
  readonly program?: Program;
  /** It does not get as far as starting: asked again after a growing pause. */
  readonly stuck?: StuckReason;
}

/** Why a container does not start, as kubelets say it: an image that can't be pulled, a volume that can't be mounted. */
export type StuckReason = 'ErrImagePull' | 'ImagePullBackOff' | 'FailedMount';

export interface ContainerInPod {
  readonly pod: LiveObject;
  readonly name: string;
  readonly init: boolean;
  /** How often it ran before. */
  readonly restarts: number;
}

/** Decides how a container behaves; `undefined` leaves it to the defaults. */
export type PodBehaviour = (container: ContainerInPod, random: Random) => ContainerBehaviour | undefined;

/** Init containers and builders end by themselves, everything else runs for ever. */
export const defaultBehaviour: PodBehaviour = ({ pod, init }, random) => {
  if (init) return { runMs: 1000 };
  if (pod.metadata.labels?.[LABEL.mode] !== 'drivers-builder') return {};
  const message = JSON.stringify({ schema: 1, result: 'built' });
  return { runMs: between(random, 30_000, 120_000), exit: { code: 0, message } };
};

/** The first that has an answer decides. */
export const firstOf =
  (...behaviours: readonly PodBehaviour[]): PodBehaviour =>
  (container, random) => {
    for (const behaviour of behaviours) {
      const answer = behaviour(container, random);
      if (answer !== undefined) return answer;
    }
    return undefined;
  };
