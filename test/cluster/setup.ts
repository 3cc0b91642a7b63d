import { kernelForNodes, NODES_VARIABLE } from './kubelet/prerequisites';
import type { SharedControlPlane } from './shared-control-plane';
import { provide } from './shared-control-plane';

/** Where jest's tear-down finds what its set-up started: both run in jest's own process. */
export const kept: { shared?: SharedControlPlane | undefined } = ((
  globalThis as { wekaOperatorTest?: { shared?: SharedControlPlane } }
).wekaOperatorTest ??= {});

const setup = async (): Promise<void> => {
  kept.shared = await provide(process.env);
  const kernel = await kernelForNodes();
  if (kernel !== undefined) process.env[NODES_VARIABLE] = JSON.stringify(kernel);
};

// jest takes the default export.
export { setup as default };
