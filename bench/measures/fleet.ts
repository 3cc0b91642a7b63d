import { measureOnce } from '../child';
import type { Measure } from '../measure';
import type { RowInput } from '../row';
import { row } from '../row';

/** What the fleet of four kernels, two architectures and three versions needs. */
const PACKAGES = 24;
const NODES = 1_000;

type Line = Pick<RowInput, 'measure' | 'unit' | 'target'>;

/** By the name of the figure. What is counted is the same on every machine. */
const LINES: Readonly<Record<string, Line>> = {
  builds: { measure: 'packages built', unit: 'builds', target: { exactly: PACKAGES } },
  asks: { measure: 'requests to the registry, which has none', unit: 'requests', target: { atMost: PACKAGES } },
  fetches: { measure: 'packages fetched', unit: 'fetches', target: { atMost: PACKAGES } },
  loads: { measure: 'loads', unit: 'loads', target: { exactly: NODES } },
  perNode: { measure: 'writes of the operator a node', unit: 'writes' },
  steady: { measure: 'writes of the operator in ten minutes of steady state', unit: 'writes', target: { atMost: 0 } },
  virtualMinutes: { measure: 'simulated time until every driver is loaded', unit: 'min' },
  seconds: { measure: 'time', unit: 's' },
  cpu: { measure: 'CPU', unit: 's' },
  peak: { measure: 'peak memory', unit: 'MB' },
};

export const fleet: Measure = {
  id: 'fleet',
  // Once: what is counted never differs, and it takes minutes.
  run: async () => {
    const figures = await measureOnce('fleet', { nodes: NODES });
    return Object.entries(LINES).map(([key, line]) =>
      row({
        ...line,
        measure: `drivers of ${NODES} simulated nodes, ${PACKAGES} packages: ${line.measure}`,
        ...{ id: `fleet/${key}`, better: 'less', ours: figures[key] ?? null },
      }),
    );
  },
};
