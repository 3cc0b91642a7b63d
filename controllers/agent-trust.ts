import type { LiveObject } from '../lib/base/kube-object';
import { refOf } from '../lib/base/kube-object';
import { CA_CONFIG_MAP } from '../lib/drivers/agent-access';
import { caConfigMap } from '../lib/operator/authority-secret';
import type { Installation } from './installation';
import type { Reader, SharedWrite } from './runtime/reconciler';

/** The ConfigMap with the certificates that agents trust, to be written. */
export type TrustWrite = SharedWrite;

/** Sees that each namespace with agents has the certificates that they trust. */
export interface AgentTrust {
  /** What has to be written into a namespace before its agents start; `undefined`: nothing. */
  writeFor(namespace: string, reader: Reader): Promise<TrustWrite | undefined>;
}

/**
 * Remembers where the certificates of now were found written: a namespace is asked for once after a start and after each
 * change of them. The operator may read this one ConfigMap and no other outside of its own namespace.
 */
export const createAgentTrust = ({ caBundle }: Installation): AgentTrust => {
  const written = new Map<string, string>();
  return {
    writeFor: async (namespace, reader) => {
      const bundle = caBundle();
      if (bundle === undefined || written.get(namespace) === bundle) return undefined;
      const manifest = caConfigMap(namespace, bundle);
      const live = await reader.fetch(refOf(manifest));
      if (dataOf(live)?.[CA_CONFIG_MAP.key] !== bundle) return { manifest, live };
      written.set(namespace, bundle);
      return undefined;
    },
  };
};

const dataOf = (configMap: LiveObject | undefined): Record<string, string> | undefined =>
  configMap?.['data'] as Record<string, string> | undefined;
