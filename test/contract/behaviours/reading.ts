import type { WatchEvent } from '../../../controllers/kube/cluster-client';
import type { JsonObject } from '../../../lib/base/json';
import type { KubeObject, LiveObject, TypeMeta } from '../../../lib/base/kube-object';
import { refOf } from '../../../lib/base/kube-object';
import type { World } from '../backend';
import { behaviours } from '../behaviour';
import { refusal } from '../normalise';
import {
  CONFIG_MAP,
  configMap,
  container,
  CONTAINER,
  listed,
  mustGet,
  names,
  pod,
  POD,
  remove,
  SECRET,
} from '../objects';

interface Selection {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

/** Names of the ConfigMaps that a selection finds, of `a` (tier=1), `b` (tier=2, app) and `c` (nothing). */
const selecting = (selection: Selection) => async (world: World) => {
  await world.client.create(configMap(world, 'c'));
  await world.client.create(configMap(world, 'b', {}, { labels: { tier: '2', app: '' } }));
  await world.client.create(configMap(world, 'a', {}, { labels: { tier: '1' } }));
  const mine = `metadata.name!=kube-root-ca.crt${selection.fieldSelector === undefined ? '' : `,${selection.fieldSelector}`}`;
  return refusalOr(listed(world, CONFIG_MAP, { ...selection, fieldSelector: mine }).then(names));
};
const refusalOr = async (call: Promise<unknown>): Promise<unknown> => {
  let result: unknown;
  const refused = await refusal(call.then((value) => (result = value)));
  return refused === 'accepted' ? result : refused;
};
const listing = (type: TypeMeta, selection: Selection) => (world: World) =>
  refusalOr(listed(world, type, selection).then(names));

interface Seen {
  readonly events: WatchEvent[];
  readonly told: () => unknown[];
}

/** Watches while `act` runs, until `enough` events came. */
const watching = async (
  world: World,
  options: Selection & { type?: TypeMeta; from?: string; enough: number; act: () => Promise<unknown> },
): Promise<Seen> => {
  const { type = CONFIG_MAP, enough, act, from, ...selection } = options;
  const events: WatchEvent[] = [];
  const { namespace } = world;
  const since = from ?? (await world.client.list(type, { namespace, onPage: () => undefined })).resourceVersion;
  const stop = new AbortController();
  const onEvent = (event: WatchEvent): void => {
    if (event.type === 'BOOKMARK' || !event.object.metadata.name.startsWith('kube-')) events.push(event);
  };
  const running = world.client
    .watch(type, {
      namespace,
      ...selection,
      resourceVersion: since,
      timeoutSeconds: 120,
      idleSeconds: 120,
      onEvent,
      signal: stop.signal,
    })
    .catch((thrown: unknown) => {
      if (!stop.signal.aborted) throw thrown;
    });
  await act();
  await Promise.race([running, world.settle(`${enough} events`, () => changes(events).length >= enough)]);
  await world.rest();
  stop.abort();
  await running;
  const told = (): unknown[] => changes(events).map(({ type: kind, object }) => `${kind} ${object.metadata.name}`);
  return { events, told };
};
const changes = (events: readonly WatchEvent[]) => events.filter((event) => event.type !== 'BOOKMARK');
const label = (world: World, name: string, value: string | null): Promise<LiveObject> =>
  world.client.patch(refOf(configMap(world, name)), { metadata: { labels: { on: value } } });
const create = (world: World, name: string, metadata: JsonObject = {}): Promise<LiveObject> =>
  world.client.create(configMap(world, name, {}, metadata));

const many = async (world: World, count: number): Promise<void> => {
  for (let index = 0; index < count; index++) await create(world, `m-${index}`, { labels: { many: '' } });
};
const pages = async (world: World, pageSize: number): Promise<string[][]> => {
  const found: string[][] = [];
  await world.client.list(CONFIG_MAP, {
    namespace: world.namespace,
    labelSelector: 'many',
    pageSize,
    onPage: (objects) => found.push(names(objects)),
  });
  return found;
};

export const lists = behaviours(
  {
    'in the order of names': selecting({}),
    'label has a value': selecting({ labelSelector: 'tier=1' }),
    'label has a value, with two signs': selecting({ labelSelector: 'tier==1' }),
    'label has another value or none': selecting({ labelSelector: 'tier!=1' }),
    'label is there': selecting({ labelSelector: 'tier' }),
    'label is not there': selecting({ labelSelector: '!tier' }),
    'label is one of': selecting({ labelSelector: 'tier in (1, 3)' }),
    'label is none of': selecting({ labelSelector: 'tier notin (1,3)' }),
    'label is empty': selecting({ labelSelector: 'app=' }),
    'label is one of nothing': selecting({ labelSelector: 'tier in ()' }),
    'label is greater': selecting({ labelSelector: 'tier>1' }),
    'label is less': selecting({ labelSelector: 'tier<2' }),
    'label is greater than a word': selecting({ labelSelector: 'tier>a' }),
    'labels that all must hold': selecting({ labelSelector: 'tier,app!=x,tier in (1,2)' }),
    'a label with a prefix': selecting({ labelSelector: 'weka.test/a=b' }),
    'a selector with spaces': selecting({ labelSelector: ' tier = 1 ' }),
    'an empty selector': selecting({ labelSelector: '' }),
    'a broken set': selecting({ labelSelector: 'tier in 1' }),
    'a broken label key': selecting({ labelSelector: '-tier=1' }),
    'a broken label value': selecting({ labelSelector: 'tier=-1' }),
    'a broken label selector': selecting({ labelSelector: 'tier=1,,app' }),
    'a label selector of signs': selecting({ labelSelector: '=' }),
    'field is the name': selecting({ fieldSelector: 'metadata.name=a' }),
    'field is not the name': selecting({ fieldSelector: 'metadata.name!=a' }),
    'a field that nothing can be selected by': selecting({ fieldSelector: 'data.a=1' }),
    'a broken field selector': selecting({ fieldSelector: 'metadata.name' }),
    'a field of a custom kind that nothing can be selected by': listing(CONTAINER, {
      fieldSelector: 'spec.mode=drive',
    }),
    'the name of a custom object': async (world) => {
      await world.client.create(container(world, 'a'));
      await world.client.create(container(world, 'b'));
      return names(await listed(world, CONTAINER, { fieldSelector: 'metadata.name=b' }));
    },
    'Pods of a node': async (world) => {
      await world.client.create(pod(world, 'a', { nodeName: 'n1' }));
      await world.client.create(pod(world, 'b', { nodeName: 'n2' }));
      return names(await listed(world, POD, { fieldSelector: 'spec.nodeName=n2,status.phase!=Running' }));
    },
    'Secrets of a type': async (world) => {
      const secret = (name: string, type: string): KubeObject => ({
        ...SECRET,
        metadata: { name, namespace: world.namespace },
        type,
      });
      await world.client.create(secret('a', 'Opaque'));
      await world.client.create(secret('b', 'weka.test/x'));
      return names(await listed(world, SECRET, { fieldSelector: 'type=weka.test/x' }));
    },
    'a namespace that is not there is empty': async (world) => {
      const found: LiveObject[] = [];
      await world.client.list(CONFIG_MAP, { namespace: 'nowhere', onPage: (objects) => found.push(...objects) });
      return found;
    },
    'items carry kind and version': async (world) => {
      await create(world, 'a');
      return (await listed(world, CONFIG_MAP, { fieldSelector: 'metadata.name=a' })).map(({ apiVersion, kind }) => [
        apiVersion,
        kind,
      ]);
    },
    'pages of two': async (world) => {
      await many(world, 5);
      return pages(world, 2);
    },
    'pages that come out even': async (world) => {
      await many(world, 4);
      return pages(world, 2);
    },
    'a page as large as the list': async (world) => {
      await many(world, 3);
      return pages(world, 3);
    },
    'an empty list is one empty page': (world) => pages(world, 2),
    'all pages show one moment': async (world) => {
      await many(world, 4);
      const found: string[] = [];
      let late: Promise<unknown> = Promise.resolve();
      await world.client.list(CONFIG_MAP, {
        namespace: world.namespace,
        labelSelector: 'many',
        pageSize: 2,
        onPage: (objects) => {
          if (found.length === 0) late = create(world, 'm-9', { labels: { many: '' } });
          found.push(...names(objects));
        },
      });
      await late;
      return found;
    },
    'a list whose past is forgotten is refused': async (world) => {
      await many(world, 4);
      const found: string[] = [];
      const call = world.client.list(CONFIG_MAP, {
        namespace: world.namespace,
        labelSelector: 'many',
        pageSize: 2,
        onPage: (objects) => {
          if (found.length === 0) world.forget();
          found.push(...names(objects));
        },
      });
      return [await refusal(call), found];
    },
    'a list whose past is forgotten begins again where that is wanted': async (world) => {
      await many(world, 4);
      const found: string[] = [];
      await world.client.list(CONFIG_MAP, {
        namespace: world.namespace,
        labelSelector: 'many',
        pageSize: 2,
        onRestart: () => found.push('again'),
        onPage: (objects) => {
          if (found.length === 0) world.forget();
          found.push(...names(objects));
        },
      });
      return found;
    },
  },
  { about: 'lists', pods: true },
);

export const watches = behaviours(
  {
    'every change in order': async (world) => {
      const seen = await watching(world, {
        enough: 4,
        act: async () => {
          await create(world, 'a');
          await label(world, 'a', '1');
          await create(world, 'b');
          await remove(world, configMap(world, 'a'));
        },
      });
      return seen.told();
    },
    'versions of events grow, that of a deletion too': async (world) => {
      const seen = await watching(world, {
        enough: 3,
        act: async () => {
          await create(world, 'a');
          await label(world, 'a', '1');
          await remove(world, configMap(world, 'a'));
        },
      });
      const versions = changes(seen.events).map(({ object }) => Number(object.metadata.resourceVersion));
      return versions.every((each, index) => index === 0 || each > (versions[index - 1] ?? 0));
    },
    'a change of nothing is no event': async (world) => {
      const seen = await watching(world, {
        enough: 2,
        act: async () => {
          await create(world, 'a');
          await label(world, 'a', null);
          await create(world, 'b');
        },
      });
      return seen.told();
    },
    'an object that comes into the selection is added, one that leaves it deleted': async (world) => {
      const seen = await watching(world, {
        labelSelector: 'on=1',
        enough: 5,
        act: async () => {
          await create(world, 'a');
          await label(world, 'a', '1');
          await world.client.patch(refOf(configMap(world, 'a')), { data: { a: '1' } });
          await label(world, 'a', '2');
          await label(world, 'a', '1');
          await remove(world, configMap(world, 'a'));
        },
      });
      const leaving = changes(seen.events)[2];
      return [seen.told(), leaving?.object.metadata.labels];
    },
    'a watch of one name': async (world) => {
      const seen = await watching(world, {
        fieldSelector: 'metadata.name=b',
        enough: 2,
        act: async () => {
          await create(world, 'a');
          await create(world, 'b');
          await label(world, 'a', '1');
          await remove(world, configMap(world, 'b'));
        },
      });
      return seen.told();
    },
    'held by a finalizer: modified, then deleted': async (world) => {
      const seen = await watching(world, {
        enough: 3,
        act: async () => {
          const held = await create(world, 'a', { finalizers: ['weka.test/hold'] });
          await remove(world, held);
          await world.client.patch(refOf(held), { metadata: { finalizers: null } });
        },
      });
      return [seen.told(), changes(seen.events).map(({ object }) => object.metadata.deletionTimestamp !== undefined)];
    },
    'what happened since the version is told first': async (world) => {
      const first = await create(world, 'a');
      await label(world, 'a', '1');
      await create(world, 'b');
      const from = first.metadata.resourceVersion;
      const seen = await watching(world, { from, enough: 3, act: () => label(world, 'b', '1') });
      return seen.told();
    },
    'custom objects': async (world) => {
      const made = container(world, 'a');
      const seen = await watching(world, {
        type: CONTAINER,
        enough: 3,
        act: async () => {
          await world.client.create(made);
          await world.client.patch(refOf(made), { status: { status: 'x' } }, { subresource: 'status' });
          await remove(world, made);
        },
      });
      return [seen.told(), changes(seen.events).map(({ object }) => object.status ?? 'none')];
    },
    'events carry kind and version': async (world) => {
      const seen = await watching(world, { enough: 1, act: () => create(world, 'a') });
      return changes(seen.events).map(({ object }) => [object.apiVersion, object.kind]);
    },
    'a past that is forgotten is Expired': async (world) => {
      await world.client.create(container(world, 'a'));
      world.forget();
      const watch = world.client.watch(CONTAINER, {
        namespace: world.namespace,
        resourceVersion: '1',
        timeoutSeconds: 30,
        idleSeconds: 30,
        onEvent: () => undefined,
      });
      return refusal(watch);
    },
    'a version that is no number is refused': (world) =>
      refusal(
        world.client.watch(CONFIG_MAP, {
          namespace: world.namespace,
          resourceVersion: 'yesterday',
          timeoutSeconds: 30,
          idleSeconds: 30,
          onEvent: () => undefined,
        }),
      ),
    'a broken selector is refused': (world) =>
      refusal(
        world.client.watch(CONFIG_MAP, {
          namespace: world.namespace,
          labelSelector: 'a in b',
          resourceVersion: '1',
          timeoutSeconds: 30,
          idleSeconds: 30,
          onEvent: () => undefined,
        }),
      ),
    'ends by itself after its time': async (world) => {
      const { resourceVersion } = await world.client.list(CONFIG_MAP, {
        namespace: world.namespace,
        onPage: () => undefined,
      });
      let over = false;
      const watch = world.client
        .watch(CONFIG_MAP, {
          namespace: world.namespace,
          resourceVersion,
          timeoutSeconds: 1,
          idleSeconds: 30,
          onEvent: () => undefined,
        })
        .then(() => (over = true));
      await world.settle('the end', () => over);
      await watch;
      return 'ended';
    },
    'a bookmark comes before a watch ends by itself': async (world) => {
      await world.client.create(container(world, 'a'));
      const { resourceVersion } = await world.client.list(CONTAINER, {
        namespace: world.namespace,
        onPage: () => undefined,
      });
      const kinds: string[] = [];
      let over = false;
      const watch = world.client
        .watch(CONTAINER, {
          namespace: world.namespace,
          resourceVersion,
          timeoutSeconds: 4,
          idleSeconds: 30,
          onEvent: (event) =>
            kinds.push(
              event.type === 'BOOKMARK'
                ? `bookmark ${Number(event.resourceVersion) >= Number(resourceVersion)}`
                : event.type,
            ),
        })
        .then(() => (over = true));
      await world.settle('the end', () => over);
      await watch;
      return [...new Set(kinds)];
    },
    'what an observer throws ends the watch': async (world) => {
      const first = await create(world, 'a');
      await label(world, 'a', '1');
      const watch = world.client.watch(CONFIG_MAP, {
        namespace: world.namespace,
        resourceVersion: first.metadata.resourceVersion,
        timeoutSeconds: 30,
        idleSeconds: 30,
        onEvent: () => {
          throw new Error('enough');
        },
      });
      let said = '';
      void watch.catch((thrown: Error) => (said = thrown.message));
      await world.settle('the end', () => said !== '');
      return said;
    },
    'the object of an event is that of a get': async (world) => {
      const seen = await watching(world, { enough: 1, act: () => create(world, 'a', { labels: { a: 'b' } }) });
      const told = changes(seen.events)[0]?.object;
      return JSON.stringify(told) === JSON.stringify(await mustGet(world, configMap(world, 'a')));
    },
  },
  { about: 'watches' },
);
