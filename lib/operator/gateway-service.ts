import type { Manifest } from '../base/kube-object';
import { LABEL } from '../base/names';
import { GATEWAY_PORT, GATEWAY_SERVICE } from '../drivers/agent-access';

/** Label of the manager's Pod that leads; its value is `true`. */
export const LEADER_LABEL = 'weka.io/leader';

/**
 * The Service that agents dial: it leads to the Pod of the manager that leads. While that changes, or where nothing sets
 * the label on another Pod in time, agents meet one that stands by, are told so, and try again.
 */
export const gatewayService = (namespace: string): Manifest => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: {
    name: GATEWAY_SERVICE,
    namespace,
    labels: { [LABEL.name]: GATEWAY_SERVICE, [LABEL.partOf]: 'weka-operator' },
  },
  spec: {
    type: 'ClusterIP',
    selector: { [LABEL.name]: 'weka-operator', [LEADER_LABEL]: 'true' },
    ports: [{ name: 'gateway', port: GATEWAY_PORT, targetPort: GATEWAY_PORT, protocol: 'TCP' }],
  },
});
