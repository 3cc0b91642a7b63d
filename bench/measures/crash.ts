import { measure } from '../child';
import type { Measure } from '../measure';
import { row } from '../row';

export const crash: Measure = {
  id: 'crash',
  run: async () => {
    const { ours } = await measure({ ours: { child: 'crash', argument: { seconds: 5 } } }, 3);
    return [
      row({
        id: 'crash/rate',
        measure: 'crash-test runs of the whole operator, parent of 8 Pods',
        unit: 'runs/s',
        better: 'more',
        ours: ours['rate'] ?? null,
        target: { atLeast: 50 },
      }),
      row({
        id: 'crash/writes',
        measure: 'writes of all parties in such a run',
        unit: 'writes',
        better: 'less',
        ours: ours['writes'] ?? null,
      }),
    ];
  },
};
