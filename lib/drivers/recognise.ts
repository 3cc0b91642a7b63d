import type { LiveObject } from '../base/kube-object';
import { ANNOTATION, LABEL } from '../base/names';
import { ROLE } from './driver-distribution';
import { packageKeyString, wekaVersionOf } from './package';

interface Identity {
  readonly role: string;
  readonly slot: string;
}

interface ContainerObject {
  readonly mode?: string;
  readonly image?: string;
  readonly instructions?: { readonly type?: string; readonly payload?: string };
}

/**
 * Which child of a policy a living object is. Ours say so themselves; what the Go operator made is recognised by what
 * it is, so that a policy taken over keeps its children under their names and never gets a second one.
 * `undefined`: not a child that this version knows; it is left alone.
 */
export const recogniseDistributionChild = (object: LiveObject): Identity | undefined => {
  const role = object.metadata.labels?.[LABEL.childRole];
  if (role !== undefined) return { role, slot: object.metadata.annotations?.[ANNOTATION.childSlot] ?? '' };
  if (object.kind === 'Service') return { role: ROLE.service, slot: '' };
  return object.kind === 'WekaContainer' ? recogniseContainer(object.spec as ContainerObject) : undefined;
};

const recogniseContainer = (spec: ContainerObject): Identity | undefined => {
  if (spec.mode === 'drivers-dist') return { role: ROLE.dist, slot: '' };
  const target = spec.mode === 'drivers-builder' ? buildTarget(spec.instructions?.payload) : undefined;
  const wekaVersion = wekaVersionOf(spec.image ?? '');
  if (target === undefined || wekaVersion === undefined) return undefined;
  return {
    role: ROLE.builder,
    slot: packageKeyString({ wekaVersion, kernel: target.kernel, architecture: target.arch }),
  };
};

const buildTarget = (payload: string | undefined): { kernel: string; arch: string } | undefined => {
  try {
    const { kernel, arch } = JSON.parse(payload ?? '') as { kernel?: unknown; arch?: unknown };
    return typeof kernel === 'string' && typeof arch === 'string' ? { kernel, arch } : undefined;
  } catch {
    return undefined; // A payload that isn't JSON was written by hand: not a builder of a policy.
  }
};
