import type { Construct } from 'constructs';
import type { ExplicitPodSpec } from '../base/cdk';
import { DaemonSet } from '../base/cdk';
import { ANNOTATION, LABEL } from '../base/names';
import {
  OBSERVER_COMMAND,
  OBSERVER_CONTAINER,
  OBSERVER_MOUNTS,
  OBSERVER_POD,
  OBSERVER_RESOURCES,
  OBSERVER_ROLE,
  OBSERVER_SECURITY_CONTEXT,
  OBSERVER_VOLUMES,
  observerEnvironment,
} from './observer-pod';
import { anyTaint } from './tolerations';

export interface ObserverDaemonSetProps {
  /** The operator's. */
  readonly namespace: string;
  /** Image of the operator: it carries the agent. */
  readonly operatorImage: string;
  /** `https://host:port` of the gateway. */
  readonly gatewayUrl: string;
}

/** Looks at every node that carries the label `weka.io/observed`, and tells the operator what it sees. It changes nothing. */
export class ObserverDaemonSet extends DaemonSet {
  constructor(scope: Construct, id: string, { namespace, operatorImage, gatewayUrl }: ObserverDaemonSetProps) {
    const selectorLabels = { [LABEL.name]: 'weka-node-observer' };
    super(scope, id, {
      name: 'weka-node-observer',
      namespace,
      labels: { ...selectorLabels, [LABEL.createdBy]: 'weka-operator', [LABEL.childRole]: OBSERVER_ROLE },
      annotations: { [ANNOTATION.childSlot]: '' },
      selectorLabels,
      podLabels: {
        [LABEL.partOf]: 'weka-operator',
        [LABEL.createdBy]: 'weka-operator',
        [LABEL.childRole]: OBSERVER_ROLE,
      },
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '10%' } },
      pod: {
        ...OBSERVER_POD,
        nodeSelector: { 'kubernetes.io/os': 'linux', [LABEL.observed]: 'true' },
        tolerations: anyTaint,
        containers: [
          {
            name: OBSERVER_CONTAINER,
            image: operatorImage,
            imagePullPolicy: 'IfNotPresent',
            command: [...OBSERVER_COMMAND],
            env: observerEnvironment(gatewayUrl),
            resources: OBSERVER_RESOURCES,
            securityContext: OBSERVER_SECURITY_CONTEXT,
            volumeMounts: OBSERVER_MOUNTS as unknown as ExplicitPodSpec['containers'][number]['volumeMounts'],
          },
        ],
        volumes: OBSERVER_VOLUMES,
      },
    });
  }
}
