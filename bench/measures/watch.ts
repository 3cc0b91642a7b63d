import { measure } from '../child';
import type { Measure } from '../measure';
import { row } from '../row';
import { withServer } from '../served';

const EVENTS = 40_000;

export const watch: Measure = {
  id: 'watch',
  run: () =>
    withServer({ events: EVENTS }, async ({ kubeconfig }) => {
      const argument = { kubeconfig, events: EVENTS };
      const { ours, peer } = await measure(
        { ours: { child: 'watch-ours', argument }, peer: { child: 'watch-peer', argument } },
        5,
      );
      const what = `${EVENTS} watch events of 5 kB decoded and cached`;
      const values = (key: string) => ({
        ours: ours[key] ?? null,
        peer: peer[key] ?? null,
        peerName: 'client-node Watch',
      });
      return [
        row({
          ...values('rate'),
          id: 'watch/rate',
          measure: what,
          unit: 'events/s',
          better: 'more',
          target: { ratioAtLeast: 1 },
        }),
        row({ ...values('cpu'), id: 'watch/cpu', measure: `${what}: CPU`, unit: 'µs/event', better: 'less' }),
        row({
          ...values('peak'),
          id: 'watch/peak',
          measure: `${what}: peak memory`,
          unit: 'MB',
          better: 'less',
          target: { ratioAtLeast: 1 },
        }),
      ];
    }),
};
