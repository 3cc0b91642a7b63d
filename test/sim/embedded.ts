import type { SimCluster, SimClusterOptions } from '../../sim/cluster';
import { createSimCluster } from '../../sim/cluster';
import type { JsonObject } from '../../lib/base/json';
import type { LiveObject, Manifest } from '../../lib/base/kube-object';
import { ApiError } from '../../controllers/kube/api-error';

/** A cluster that freezes what it stores, so that a caller that changes an object it was given fails at once. */
export const aCluster = (options: Partial<SimClusterOptions> = {}): SimCluster =>
  createSimCluster({ seed: 1, freeze: true, ...options });

export const aConfigMap = (name: string, data: Record<string, string> = {}, metadata: JsonObject = {}): Manifest => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default', ...metadata },
  data,
});

export const aPod = (name: string, spec: JsonObject = {}, metadata: JsonObject = {}): Manifest => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default', ...metadata },
  spec: { containers: [{ name: 'main', image: 'registry.test/app:1' }], ...spec },
});

export const aDaemonSet = (name: string, podSpec: JsonObject = {}, spec: JsonObject = {}): Manifest => ({
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: { name, namespace: 'default' },
  spec: {
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: [{ name: 'main', image: 'registry.test/app:1' }], ...podSpec },
    },
    ...spec,
  },
});

export const POD = { apiVersion: 'v1', kind: 'Pod' };
export const CONFIG_MAP = { apiVersion: 'v1', kind: 'ConfigMap' };
export const inDefault = (type: { apiVersion: string; kind: string }, name: string) => ({
  ...type,
  namespace: 'default',
  name,
});

/** The ApiError that a call fails with; fails the test when it doesn't. */
export const failureOf = async (call: Promise<unknown>) => {
  try {
    await call;
  } catch (thrown) {
    if (thrown instanceof ApiError) return thrown.failure;
    throw thrown;
  }
  throw new Error('the call succeeded');
};

export const phase = (object: LiveObject | undefined): unknown => object?.status?.['phase'];
export const names = (objects: readonly LiveObject[]): string[] => objects.map((object) => object.metadata.name);
