/** The objects that synthesis is measured with: Pods of 66 leaves and 1.8 kB, as an operator makes them. */
import type { ExplicitPodSpec } from '../lib/base/cdk';

const env = (index: number) => [
  { name: 'NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
  { name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
  { name: 'INDEX', value: String(index) },
  { name: 'MODE', value: 'backend' },
  { name: 'ENABLED', value: 'yes' },
  { name: 'MEMORY', value: '4096MiB' },
];

/** Name, labels and annotations of the object number `index`. */
export const podMetadata = (index: number) => ({
  name: `storage-${index}`,
  namespace: 'weka',
  labels: {
    app: 'weka',
    'weka.io/mode': 'backend',
    'weka.io/index': String(index),
    'app.kubernetes.io/part-of': 'storage',
  },
  annotations: {
    'weka.io/note': `object ${index} of a benchmark: "quoted", and with a colon`,
    'weka.io/version': '4.4',
  },
});

/** Its spec. */
export const podSpec = (index: number): ExplicitPodSpec => ({
  nodeName: `node-${index % 100}`,
  hostNetwork: true,
  serviceAccountName: 'weka',
  terminationGracePeriodSeconds: 600,
  containers: [
    {
      name: 'weka',
      image: 'registry.example/weka:4.4.5',
      imagePullPolicy: 'IfNotPresent',
      command: ['/opt/weka/start.sh'],
      args: ['--port', '14000', '--cores', '4'],
      env: env(index),
      ports: [{ name: 'api', containerPort: 14000, protocol: 'TCP' }],
      resources: { requests: { cpu: '4', memory: '8Gi' }, limits: { memory: '8Gi', 'hugepages-2Mi': '4Gi' } },
      securityContext: { privileged: true },
      volumeMounts: [
        { name: 'dev', mountPath: '/dev' },
        { name: 'data', mountPath: '/opt/weka/data' },
        { name: 'config', mountPath: '/etc/weka', readOnly: true },
      ],
      readinessProbe: { httpGet: { path: '/healthz', port: 14000 }, periodSeconds: 10, failureThreshold: 3 },
    },
  ],
  volumes: [
    { name: 'dev', hostPath: { path: '/dev', type: 'Directory' } },
    { name: 'data', hostPath: { path: `/opt/weka/data/${index}`, type: 'DirectoryOrCreate' } },
    { name: 'config', configMap: { name: 'weka-config', defaultMode: 420 } },
  ],
  tolerations: [
    { key: 'weka.io/dedicated', operator: 'Exists', effect: 'NoSchedule' },
    { key: 'node.kubernetes.io/not-ready', operator: 'Exists' },
  ],
});

/** The whole manifest as plain data, as our construct renders it. */
export const podManifest = (index: number) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: podMetadata(index),
  spec: { automountServiceAccountToken: false, ...podSpec(index) },
});
