import { measure } from '../child';
import type { Measure } from '../measure';
import { row } from '../row';
import { withServer } from '../served';

const PODS = 10_000;

export const list: Measure = {
  id: 'list',
  run: () =>
    withServer({ pods: PODS }, async ({ kubeconfig }) => {
      const { ours, whole, peer } = await measure(
        {
          ours: { child: 'list-ours', argument: { kubeconfig, projected: true } },
          whole: { child: 'list-ours', argument: { kubeconfig, projected: false } },
          peer: { child: 'list-peer', argument: { kubeconfig } },
        },
        3,
      );
      for (const { objects } of [ours, whole, peer])
        if (objects !== PODS) throw new Error(`${objects} of ${PODS} objects were cached`);
      const what = `${PODS} Pods of 5 kB listed and cached`;
      const shared = { better: 'less', peerName: 'client-node informer' } as const;
      const values = (key: string, from = ours) => ({ ours: from[key] ?? null, peer: peer[key] ?? null });
      return [
        row({
          ...shared,
          ...values('kept'),
          id: 'list/kept',
          measure: `${what}, projected: heap kept`,
          unit: 'MB',
          target: { atMost: 15 },
        }),
        row({
          ...shared,
          ...values('stall'),
          id: 'list/stall',
          measure: `${what}, projected: longest stall`,
          unit: 'ms',
          target: { atMost: 60 },
        }),
        row({ ...shared, ...values('ms'), id: 'list/time', measure: `${what}, projected: time`, unit: 'ms' }),
        row({ ...shared, ...values('peak'), id: 'list/peak', measure: `${what}, projected: peak memory`, unit: 'MB' }),
        row({
          ...shared,
          ...values('kept', whole),
          id: 'list/whole/kept',
          measure: `${what}, every field: heap kept`,
          unit: 'MB',
        }),
        row({
          ...shared,
          ...values('stall', whole),
          id: 'list/whole/stall',
          measure: `${what}, every field: longest stall`,
          unit: 'ms',
        }),
      ];
    }),
};
