import { join } from 'node:path';
import type { FindOptions, Found, GoPrograms, Recipe } from '../artefacts/go-programs';
import { findGoPrograms, kubernetesVersion, lacking, recipeOf } from '../artefacts/go-programs';

/** The programs of a control plane, and the Go package that each is built from, in the order of building. */
export const PROGRAMS = {
  etcd: 'go.etcd.io/etcd/server/v3',
  'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver',
  'kube-controller-manager': 'k8s.io/kubernetes/cmd/kube-controller-manager',
  'kube-scheduler': 'k8s.io/kubernetes/cmd/kube-scheduler',
  kubectl: 'k8s.io/kubernetes/cmd/kubectl',
} as const;
export type Program = keyof typeof PROGRAMS;

const CONTROL_PLANE: GoPrograms = {
  name: 'control-plane',
  moduleDirectory: join(__dirname, 'binaries'),
  programs: PROGRAMS,
  linkerSettings: kubernetesVersion,
  takes: 'about 11 minutes on two cores',
};

/** A directory that holds every program, or why there is none. `failed`: Go is there, and the build broke. */
export type Binaries = Found | { readonly directory: string; readonly origin: 'KUBEBUILDER_ASSETS' };

/**
 * The binaries, in this order: `KUBEBUILDER_ASSETS`, an earlier build in the user's cache directory, a build of now
 * (about 11 minutes on two cores, once). Never rejects for what is merely missing; the caller decides what that means.
 */
export const findBinaries = async (options: FindOptions): Promise<Binaries> => {
  const given = options.environment['KUBEBUILDER_ASSETS'];
  return given === undefined || given === '' ? findGoPrograms(CONTROL_PLANE, options) : fromAssets(given);
};

const fromAssets = async (directory: string): Promise<Binaries> => {
  const absent = await lacking(directory, CONTROL_PLANE);
  return absent.length === 0
    ? { directory, origin: 'KUBEBUILDER_ASSETS' }
    : { missing: `KUBEBUILDER_ASSETS=${directory} lacks ${absent.join(', ')}`, failed: true };
};

/** Reads the recipe from go.mod and go.sum: any change of them, of the flags or of the platform is another key. */
export const readRecipe = (): Promise<Recipe> => recipeOf(CONTROL_PLANE);
