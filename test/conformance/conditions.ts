import type { KubeObject } from '../../lib/base/kube-object';
import { conditionFaults } from '../../sim/oracles/condition-rules';

export { conditionFaults };

/** Fails with all faults unless the conditions of `object` follow the rules that kstatus and GitOps tools rely on. */
export const assertConditionsConform = (object: KubeObject): void => {
  const faults = conditionFaults(object);
  if (faults.length > 0) throw new Error(`${object.kind}/${object.metadata.name}: ${faults.join('; ')}`);
};
