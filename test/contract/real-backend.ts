import { execFileSync } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';
import { connect } from '../../controllers/kube/connect';
import { crdOf } from '../../lib/api/crd';
import { KINDS } from '../../lib/api/kinds';
import { isJsonObject } from '../../lib/base/json';
import type { KubeObject } from '../../lib/base/kube-object';
import { refOf } from '../../lib/base/kube-object';
import { startControlPlane } from '../cluster/control-plane';
import { controlPlane, eventually } from '../cluster/harness';
import type { Backend } from './backend';

/** A control plane of its own, with our CRDs: nobody else's controllers touch what is compared. */
export interface RealBackend extends Backend {
  stop(): Promise<void>;
}

/** Starts one. `Backend.rest` waits a second and a half: controllers act within milliseconds. */
export const realBackend = async (): Promise<RealBackend> => {
  const plane = await startControlPlane(controlPlane().binaries);
  const client = await connect({ kubeconfig: plane.coordinates.kubeconfig });
  const backend: RealBackend = {
    client,
    settle: (what, holds) => eventually(what, () => Promise.resolve(holds()), 60_000),
    rest: () => wait(1_500),
    forget: () => compact(plane.coordinates.etcd),
    stop: async () => {
      client.close();
      await plane.stop();
    },
  };
  for (const definition of KINDS) await install(backend, crdOf(definition));
  return backend;
};

const install = async (backend: Backend, crd: KubeObject): Promise<void> => {
  const { client } = backend;
  await client.apply(crd, { fieldManager: 'set-up', force: true });
  await backend.settle(`${crd.metadata.name} served`, async () => {
    const conditions = (await client.get(refOf(crd)))?.status?.conditions;
    return (
      Array.isArray(conditions) &&
      conditions.some((each) => isJsonObject(each) && each.type === 'Established' && each.status === 'True')
    );
  });
};

/** At once, because it is called in the middle of a list: a process of its own asks the store to forget its past. */
const compact = (etcd: string): void => {
  const script = `
    const post = (path, body) => fetch(process.argv[1] + path, { method: 'POST', body: JSON.stringify(body) }).then((answer) => answer.json());
    post('/v3/kv/range', { key: 'AA==' })
      .then(({ header }) => post('/v3/kv/compaction', { revision: header.revision, physical: true }))
      .then(() => process.exit(0));`;
  execFileSync(process.execPath, ['-e', script, etcd], { timeout: 20_000 });
};
