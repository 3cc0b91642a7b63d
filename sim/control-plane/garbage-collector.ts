/**
 * Deletes what has lost its last owner, drops references to owners that are gone, and finishes deletions that wait
 * for dependents (`foregroundDeletion`) or leave them behind (`orphan`). Works a moment later, as the real one.
 */
import type { LiveObject, OwnerReference } from '../../lib/base/kube-object';
import { refOf } from '../../lib/base/kube-object';
import { FOREGROUND, ORPHAN } from '../api/deletion';
import type { Indexes } from '../api/indexes';
import type { ApiServer } from '../api/server';
import type { StoreEvent } from '../api/store';
import { Agenda } from './agenda';

const USER = 'system:serviceaccount:kube-system:generic-garbage-collector';
const MANAGER = 'kube-controller-manager';

export class GarbageCollector {
  private readonly agenda: Agenda;

  constructor(
    private readonly server: ApiServer,
    private readonly indexes: Indexes,
  ) {
    this.agenda = new Agenda(server.core.clock, (uid) => this.look(uid));
    server.core.store.subscribe((event) => this.notice(event));
  }

  private notice({ type, object, previous }: StoreEvent): void {
    const { uid, ownerReferences = [], deletionTimestamp, finalizers } = object.metadata;
    if (type === 'DELETED') {
      for (const dependent of this.indexes.dependentsOf(uid)) this.agenda.add(dependent.metadata.uid);
      for (const owner of ownerReferences) this.agenda.add(owner.uid);
    } else if (ownerReferences.length > 0 && previous?.metadata.ownerReferences !== ownerReferences) {
      this.agenda.add(uid);
    }
    if (deletionTimestamp !== undefined && finalizers !== undefined) this.agenda.add(uid);
  }

  private look(uid: string): void {
    const object = this.server.core.store.getByUid(uid);
    if (object === undefined) return;
    const { deletionTimestamp, finalizers = [], ownerReferences = [] } = object.metadata;
    if (deletionTimestamp === undefined) return ownerReferences.length > 0 ? this.judge(object) : undefined;
    if (finalizers.includes(ORPHAN)) return this.orphan(object);
    if (finalizers.includes(FOREGROUND)) this.deleteDependents(object);
  }

  /** An object that has owners: keeps it while one lives. */
  private judge(object: LiveObject): void {
    const references = object.metadata.ownerReferences ?? [];
    const owners = references.map((reference) => this.ownerOf(object, reference));
    const solid = references.filter((_, index) => owners[index] !== undefined && !waits(owners[index]));
    if (solid.length === 0) {
      const waiting = owners.some((owner) => owner !== undefined);
      this.delete(
        object,
        waiting && this.indexes.dependentsOf(object.metadata.uid).length > 0 ? 'Foreground' : 'Background',
      );
    } else if (solid.length < references.length) {
      this.write({ ...object, metadata: { ...object.metadata, ownerReferences: solid } });
    }
  }

  /** A namespaced owner counts only in the same namespace. */
  private ownerOf(object: LiveObject, reference: OwnerReference): LiveObject | undefined {
    const owner = this.server.core.store.getByUid(reference.uid);
    const { namespace } = owner?.metadata ?? {};
    return namespace === undefined || namespace === object.metadata.namespace ? owner : undefined;
  }

  private orphan(owner: LiveObject): void {
    for (const dependent of this.indexes.dependentsOf(owner.metadata.uid)) {
      const ownerReferences = (dependent.metadata.ownerReferences ?? []).filter(
        (each) => each.uid !== owner.metadata.uid,
      );
      this.write({ ...dependent, metadata: { ...dependent.metadata, ownerReferences } });
    }
    this.release(owner, ORPHAN);
  }

  private deleteDependents(owner: LiveObject): void {
    const { uid } = owner.metadata;
    for (const dependent of this.indexes.dependentsOf(uid)) {
      if (dependent.metadata.deletionTimestamp === undefined) this.judge(dependent);
    }
    const blocked = this.indexes
      .dependentsOf(uid)
      .some((each) =>
        each.metadata.ownerReferences?.some((owner) => owner.uid === uid && owner.blockOwnerDeletion === true),
      );
    if (!blocked) this.release(owner, FOREGROUND);
  }

  private release(object: LiveObject, finalizer: string): void {
    const finalizers = (object.metadata.finalizers ?? []).filter((each) => each !== finalizer);
    this.write({ ...object, metadata: { ...object.metadata, finalizers } });
  }

  private write(object: LiveObject): void {
    this.server.replace(object, { user: USER, manager: MANAGER });
  }

  private delete(object: LiveObject, propagation: 'Background' | 'Foreground'): void {
    this.server.delete(refOf(object), { user: USER, uid: object.metadata.uid, propagation });
  }
}

/** Whether an owner is only there until its dependents are gone. */
const waits = (owner: LiveObject | undefined): boolean =>
  owner?.metadata.deletionTimestamp !== undefined && owner.metadata.finalizers?.includes(FOREGROUND) === true;
