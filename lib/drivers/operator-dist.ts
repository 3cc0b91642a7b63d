import { Construct } from 'constructs';
import { API_VERSION } from '../api/kind';
import { Resource, Service } from '../base/cdk';
import { ANNOTATION, LABEL } from '../base/names';
import { DIST_AGENT_PORT, DIST_CONTAINER_NAME, DIST_PORT } from './driver-distribution';

/** Name of the operator's own distribution service, and of the WekaContainer behind it. */
export const OPERATOR_DIST = 'weka-operator-drivers';

const SELECTOR = { [LABEL.app]: OPERATOR_DIST } as const;

const marks = (role: string) => ({
  labels: { [LABEL.createdBy]: 'weka-operator', [LABEL.childRole]: role },
  annotations: { [ANNOTATION.childSlot]: '' },
});

export interface OperatorDistProps {
  /** The operator's. */
  readonly namespace: string;
  /** Image of the operator: the agent runs from it. */
  readonly operatorImage: string;
}

/**
 * The operator's own distribution service: it mirrors what registries have, once, so that nodes need no way out. Made while
 * somebody names a registry, or a service that nobody here runs.
 */
export class OperatorDist extends Construct {
  constructor(scope: Construct, id: string, { namespace, operatorImage }: OperatorDistProps) {
    super(scope, id);
    new Service(this, 'service', {
      name: OPERATOR_DIST,
      namespace,
      ...marks('service'),
      selector: { ...SELECTOR, [LABEL.mode]: 'drivers-dist' },
      ports: [{ name: 'weka-drivers-dist', protocol: 'TCP', port: DIST_PORT, targetPort: DIST_PORT }],
    });
    const { labels, annotations } = marks('dist');
    new Resource(this, 'dist', {
      apiVersion: API_VERSION,
      kind: 'WekaContainer',
      metadata: { name: OPERATOR_DIST, namespace, labels: { ...labels, ...SELECTOR }, annotations },
      spec: {
        name: DIST_CONTAINER_NAME,
        mode: 'drivers-dist',
        image: operatorImage,
        numCores: 1,
        port: DIST_PORT,
        agentPort: DIST_AGENT_PORT,
      },
    });
  }
}
