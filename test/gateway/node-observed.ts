import type { JsonObject } from '../../lib/base/json';

/** What an observer tells. */
export const nodeObserved = (more: JsonObject = {}): JsonObject => ({
  bootID: 'boot-1',
  kernel: '6.1.0-18-amd64',
  architecture: 'amd64',
  secureBoot: 'Unsupported',
  signaturesEnforced: false,
  modules: [],
  mounts: [],
  kernels: [],
  ...more,
});
