import type { WekaContainerSpec, WekaContainerStatus } from '../lib/api/weka-container';
import { conditionsOf, findCondition } from '../lib/base/conditions';
import type { KubeObject, LiveObject, ObjectKey } from '../lib/base/kube-object';
import { keyOf } from '../lib/base/kube-object';
import { isBuilderMode } from '../lib/container/modes';
import { holdingsOf } from '../lib/drivers/dist-holdings';
import type { Installation } from './installation';
import { TYPES } from './kinds';
import type { Reader, Signal } from './runtime/reconciler';

type Wakes = (object: LiveObject, reader: Reader) => readonly ObjectKey[];

const modeOf = ({ spec }: KubeObject): string => (spec as unknown as WekaContainerSpec | undefined)?.mode ?? '';
const isDist = (container: KubeObject): boolean => modeOf(container) === 'drivers-dist';
const isBuilder = (container: KubeObject): boolean => isBuilderMode(modeOf(container));
const isLoader = (container: KubeObject): boolean => modeOf(container) === 'drivers-loader';
const isQueued = (container: KubeObject): boolean =>
  findCondition(conditionsOf(container), 'Ready')?.reason === 'BuildQueued';

const containers = (
  reader: Reader,
  which: (container: LiveObject) => boolean,
  filter: { readonly namespace?: string } = {},
): readonly ObjectKey[] => reader.list(TYPES.container, filter).filter(which).map(keyOf);

const inNamespace = ({ metadata }: LiveObject): { namespace?: string } =>
  metadata.namespace === undefined ? {} : { namespace: metadata.namespace };

/** Whom a container concerns beside itself: those that wait for their turn; its service, or the builders of its namespace. */
const ofContainer: Wakes = (container, reader) => {
  if (isBuilder(container))
    return [
      ...containers(reader, (other) => isBuilder(other) && isQueued(other)),
      ...containers(reader, isDist, inNamespace(container)),
    ];
  return isDist(container) ? containers(reader, isBuilder, inNamespace(container)) : [];
};

const nodeName = ({ status, spec }: KubeObject): string => {
  const { nodeAffinity: where } = (status ?? {}) as unknown as WekaContainerStatus;
  const { nodeAffinity: wanted } = (spec ?? {}) as unknown as WekaContainerSpec;
  return wanted || where || '';
};

/** Loaders without a node may find one; a service whose node has gone moves. */
const ofNode: Wakes = ({ metadata }, reader) =>
  containers(
    reader,
    (container) =>
      (isLoader(container) && nodeName(container) === '') ||
      ((isLoader(container) || isDist(container)) && nodeName(container) === metadata.name),
  );

/** Loaders report what the record of their node says; a builder that lacked headers finds them. */
const ofWekaNode: Wakes = ({ metadata }, reader) =>
  containers(
    reader,
    (container) => (isLoader(container) || isBuilder(container)) && nodeName(container) === metadata.name,
  );

const ofService: Wakes = (service, reader) =>
  containers(reader, (container) => isDist(container) || isBuilder(container), inNamespace(service));

export const containerWakes = {
  container: ofContainer,
  node: ofNode,
  wekaNode: ofWekaNode,
  service: ofService,
} as const satisfies Record<string, Wakes>;

const AGENT = 'container/';

/** A service that told something concerns its builders, whose packages may be lost. */
const toldBy = (uid: string, reader: Reader): readonly ObjectKey[] => {
  const container = reader.list(TYPES.container).find(({ metadata }) => metadata.uid === uid);
  if (container === undefined) return [];
  return [keyOf(container), ...(isDist(container) ? containers(reader, isBuilder, inNamespace(container)) : [])];
};

/** What agents tell, and what policies want services to hold. */
export const containerSignals = ({ exchange }: Installation): readonly Signal[] => [
  {
    subscribe: (listener) => exchange.onObserved((agent) => agent.startsWith(AGENT) && listener(agent)),
    wakes: (agent, reader) => toldBy(agent.slice(AGENT.length), reader),
  },
  {
    subscribe: (listener) =>
      exchange.onDesired((agent) => {
        const uid = holdingsOf(agent);
        if (uid !== undefined) listener(uid);
      }),
    wakes: (uid, reader) => containers(reader, ({ metadata }) => metadata.uid === uid),
  },
];
