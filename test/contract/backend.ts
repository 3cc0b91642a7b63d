import type { ClusterClient } from '../../controllers/kube/cluster-client';
import type { KubeObject } from '../../lib/base/kube-object';

/** A cluster that behaviours are played on: the embedded one, or a real API server with its controllers. */
export interface Backend {
  /** Calls of user and field manager `weka-operator`. */
  readonly client: ClusterClient;
  /** Time goes on until `holds`; rejects with `what` when that takes too long. */
  settle(what: string, holds: () => Promise<boolean> | boolean): Promise<void>;
  /** Lets the control plane do what it has to do: for showing that something does not happen. */
  rest(): Promise<void>;
  /** The past is forgotten, at once: what watches and lists in pieces continued from is gone. */
  forget(): void;
}

/** Where one behaviour is played: nobody else writes to its namespace. */
export interface World extends Backend {
  readonly namespace: string;
  /** A name that nobody else has in the cluster; outcomes show only `name`. */
  unique(name: string): string;
}

let worlds = 0;

/** A world of its own for each behaviour; its namespace is there, and Pods can be created in it. */
export const newWorld = async (backend: Backend, pods: boolean): Promise<World> => {
  const id = `w${++worlds}`;
  const namespace = `contract-${id}`;
  const { client } = backend;
  await client.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  if (pods) await serviceAccount(backend, namespace);
  return {
    client,
    namespace,
    settle: (what, holds) => backend.settle(what, holds),
    rest: () => backend.rest(),
    forget: () => backend.forget(),
    unique: (name) => `${name}-${id}`,
  };
};

/** Who watches for it makes it; on the embedded cluster nobody needs it. */
const serviceAccount = async (backend: Backend, namespace: string): Promise<void> => {
  const account: KubeObject = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace } };
  const { client } = backend;
  await client.apply(account, { fieldManager: 'set-up', force: true });
  await backend.settle(
    'the ServiceAccount',
    async () => (await client.get({ ...account, namespace, name: 'default' })) !== undefined,
  );
};

/** How an outcome names what is another each time. Pure; `namespace` and `unique` are those of its world. */
export const anonymous = (text: string, world: World): string => {
  const id = world.unique('').slice(1);
  return text.replaceAll(world.namespace, '<namespace>').replaceAll(`-${id}`, '-<id>');
};
