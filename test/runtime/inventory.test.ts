import type { Reconciler } from '../../controllers/runtime/reconciler';
import { LABEL } from '../../lib/base/names';
import { TOY, toyReconciler, Workshop } from './toy';

const CONFIG_MAP = { apiVersion: 'v1', kind: 'ConfigMap' };

/** Its one child lives in another namespace, so it can't carry an owner reference. */
const farReconciler: Reconciler = {
  ...(toyReconciler as Reconciler),
  inventory: true,
  observe: (object) => ({ object }),
  decide: ({ object }) => ({
    live: [],
    children:
      object.metadata.deletionTimestamp !== undefined
        ? []
        : [
            {
              role: 'far',
              slot: '',
              manifest: {
                ...CONFIG_MAP,
                metadata: { name: 'far', namespace: 'kube-system', labels: { [LABEL.app]: 'toy' } },
                data: { a: 'b' },
              },
            },
          ],
  }),
  report: ({ object }) => ({ status: { observedGeneration: object.metadata.generation ?? 0 }, events: [] }),
};

describe('children in another namespace', () => {
  test('are written down before they are made, kept without further writes, and gone before their parent is', async () => {
    const shop = new Workshop();
    const toy = await shop.toy('a', {});
    const running = await shop.start({ reconcilers: [farReconciler] });
    await shop.pass(60_000);
    const inventory = `weka-inventory-${toy.metadata.uid}-0`;
    const made = shop.writesOf('operator').filter((write) => write.includes('ConfigMap'));
    expect(made.indexOf(`apply ConfigMap/${inventory}`)).toBe(0);
    expect(made).toContain('apply ConfigMap/far');
    expect((await shop.get(CONFIG_MAP, 'far', 'kube-system'))?.metadata.ownerReferences).toBeUndefined();
    const quiet = shop.cluster.log.writes.length;
    await shop.pass(3_600_000);
    expect(shop.writesOf('operator', quiet)).toEqual([]);

    const { uid } = (await shop.get(TOY, 'a'))!.metadata;
    await shop.user.delete({ ...TOY, namespace: 'default', name: 'a' }, { uid, propagation: 'Background' });
    await shop.pass(60_000);
    expect(await shop.names()).toEqual([]);
    expect(await shop.get(TOY, 'a')).toBeUndefined();
    const last = shop.writesOf('operator', quiet);
    expect(last.indexOf('delete ConfigMap/far')).toBeLessThan(last.lastIndexOf('patch Toy/a'));
    await running.stop();
  });
});
