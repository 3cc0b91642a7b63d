/** Where distribution services keep their packages: on the disk of a machine, or in a claimed volume. */
import type { LiveObject } from '../../lib/base/kube-object';
import { textOf } from '../text';
import type { DistStorage } from './dist';
import { partOf, volumeOf } from './host';
import type { Machine } from './machine';
import { flipped } from './package-file';

const VOLUME = 'packages';

const empty = (): DistStorage => ({ files: new Map(), records: new Map(), certified: false });

export class Storages {
  private readonly claims = new Map<string, DistStorage>();
  /** Goes with the machine. */
  private readonly directories = new WeakMap<Machine, Map<string, DistStorage>>();

  /** The storage of a service's Pod on a machine: the same for the next Pod with the same volume. */
  of(pod: LiveObject, machine: Machine): DistStorage {
    const volume = volumeOf(pod, VOLUME);
    const claim = textOf(partOf(volume, 'persistentVolumeClaim').claimName);
    const path = textOf(partOf(volume, 'hostPath').path);
    return claim === ''
      ? found(this.onMachine(machine), path)
      : found(this.claims, `${pod.metadata.namespace}/${claim}`);
  }

  private onMachine(machine: Machine): Map<string, DistStorage> {
    const directories = this.directories.get(machine) ?? new Map<string, DistStorage>();
    this.directories.set(machine, directories);
    return directories;
  }
}

const found = (storages: Map<string, DistStorage>, name: string): DistStorage => {
  const storage = storages.get(name) ?? empty();
  storages.set(name, storage);
  return storage;
};

/** Flips a byte of a stored package. */
export const flipByte = ({ files }: DistStorage, id: string): void => {
  const file = files.get(id);
  if (file !== undefined) files.set(id, flipped(file));
};
