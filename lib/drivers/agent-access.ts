/**
 * How the Pods of agents reach the operator: a token that only the operator accepts, the certificates that they trust, and
 * where the gateway is. The same for every agent; the operator tells them apart by the Pod that the token is bound to.
 */

/** Audience of agents' tokens. The API server refuses such a token: it is for the operator alone. */
export const GATEWAY_AUDIENCE = 'weka-operator';
/** Seconds that a token is good for; the kubelet renews it long before. */
export const GATEWAY_TOKEN_SECONDS = 3600;
/** Name of the gateway's Service, in the operator's namespace. */
export const GATEWAY_SERVICE = 'weka-operator-gateway';
/** Port of that Service and of the manager. */
export const GATEWAY_PORT = 9443;
/** Name of the ConfigMap with the certificates that agents trust, in every namespace with agents, and its one key. */
export const CA_CONFIG_MAP = { name: 'weka-operator-ca', key: 'ca.crt' } as const;

/** Paths inside of an agent's container. */
export const ACCESS_PATH = {
  token: '/var/run/secrets/weka-operator',
  tokenFile: '/var/run/secrets/weka-operator/token',
  ca: '/etc/weka-operator/ca',
  caFile: '/etc/weka-operator/ca/ca.crt',
} as const;

/** Where agents find the gateway unless the manager was told otherwise. */
export const gatewayUrl = (operatorNamespace: string): string =>
  `https://${GATEWAY_SERVICE}.${operatorNamespace}.svc.cluster.local:${GATEWAY_PORT}`;

type Named = Readonly<Record<string, unknown>> & { readonly name: string };

/** Volumes of an agent's Pod. The Pod waits until the ConfigMap is there: an agent without it could trust nobody. */
export const ACCESS_VOLUMES: readonly Named[] = [
  {
    name: 'gateway-token',
    projected: {
      sources: [
        {
          serviceAccountToken: {
            audience: GATEWAY_AUDIENCE,
            expirationSeconds: GATEWAY_TOKEN_SECONDS,
            path: 'token',
          },
        },
      ],
    },
  },
  { name: 'ca', configMap: { name: CA_CONFIG_MAP.name } },
];

/** Where an agent's container has them. */
export const ACCESS_MOUNTS: readonly Named[] = [
  { name: 'gateway-token', mountPath: ACCESS_PATH.token, readOnly: true },
  { name: 'ca', mountPath: ACCESS_PATH.ca, readOnly: true },
];

/** What an agent's container is told of the gateway at `url`. */
export const accessEnvironment = (url: string): readonly Named[] => [
  { name: 'GATEWAY_URL', value: url },
  { name: 'GATEWAY_TOKEN_FILE', value: ACCESS_PATH.tokenFile },
  { name: 'CA_FILE', value: ACCESS_PATH.caFile },
];
