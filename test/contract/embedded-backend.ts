import type { SimClusterOptions } from '../../sim/cluster';
import { createSimCluster } from '../../sim/cluster';
import type { Backend } from './backend';

/** The embedded cluster, without nodes. Stored objects are frozen: a caller that changes one fails at once. */
export const embeddedBackend = (options: Partial<SimClusterOptions> = {}): Backend => {
  const cluster = createSimCluster({ seed: 1, freeze: true, bookmarkMs: 5_000, ...options });
  return {
    client: cluster.client(),
    settle: async (what, holds) => {
      for (let second = 0; second < 300; second++) {
        if (await holds()) return;
        await cluster.clock.run({ forMs: second < 10 ? 20 : 1_000 });
      }
      throw new Error(`not within five virtual minutes: ${what}`);
    },
    rest: async () => {
      await cluster.clock.run({ forMs: 2_000 });
    },
    forget: () => cluster.server.core.store.compact(),
  };
};
