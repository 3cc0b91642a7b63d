import { join } from 'node:path';
import { findBinaries } from '../../test/cluster/binaries';
import { startControlPlane } from '../../test/cluster/control-plane';
import { measureOnce } from '../child';
import type { Figures } from '../child';
import type { Measure } from '../measure';
import type { Row } from '../row';
import { row } from '../row';

const NODES = 500;

/** One run on a control plane of its own: minutes of starting several would say little more. */
const figures = async (): Promise<Figures | string> => {
  // Only what is there already: a build takes eleven minutes.
  const { PATH: _, ...environment } = process.env;
  const binaries = await findBinaries({ environment, say: (line) => void process.stderr.write(`${line}\n`) });
  if ('missing' in binaries) return 'no control plane is built or installed';
  const plane = await startControlPlane(binaries.directory);
  try {
    const { kubeconfig } = plane.coordinates;
    return await measureOnce('policy', { kubeconfig, crds: join(__dirname, '..', '..', 'crds'), nodes: NODES });
  } finally {
    await plane.stop();
  }
};

const rows = (measured: Figures | string): readonly Row[] => {
  const what = `policy over ${NODES} nodes on a real control plane`;
  const shared = { better: 'less', peerName: typeof measured === 'string' ? measured : 'recorded' } as const;
  const ours = (key: string): { readonly ours: number | null } => ({
    ours: typeof measured === 'string' ? null : (measured[key] ?? null),
  });
  return [
    row({ ...shared, ...ours('seconds'), id: 'policy/time', measure: `${what}: to the last write`, unit: 's' }),
    row({ ...shared, ...ours('objects'), id: 'policy/objects', measure: `${what}: objects written`, unit: 'objects' }),
    row({ ...shared, ...ours('perObject'), id: 'policy/writes', measure: `${what}: writes an object`, unit: 'writes' }),
    row({
      ...shared,
      ...ours('steady'),
      id: 'policy/steady',
      measure: `${what}: writes in 15 s of steady state`,
      unit: 'writes',
      target: { atMost: 0 },
    }),
    row({ ...shared, ...ours('cpu'), id: 'policy/cpu', measure: `${what}: CPU of the manager`, unit: 'ms' }),
  ];
};

export const policy: Measure = { id: 'policy', run: async () => rows(await figures()) };
