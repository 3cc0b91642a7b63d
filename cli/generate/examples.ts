/** The example at the head of each reference page. Short, and valid: a test validates them. */
export const EXAMPLES: Readonly<Record<string, string>> = {
  WekaCluster: `
apiVersion: weka.weka.io/v1alpha1
kind: WekaCluster
metadata:
  name: cluster-a
  namespace: weka
spec:
  template: dynamic
  dynamicTemplate:
    computeContainers: 6
    driveContainers: 6
    numDrives: 2
  image: registry.example.com/weka/weka-in-container:4.4.10.200
  imagePullSecret: weka-registry
  nodeSelector:
    weka.io/supports-backends: "true"
  network:
    deviceSubnets:
      - 10.20.0.0/24
  driversDistService: https://weka-drivers-dist.weka-operator-system.svc.cluster.local:60002
`,
  WekaClient: `
apiVersion: weka.weka.io/v1alpha1
kind: WekaClient
metadata:
  name: clients-a
  namespace: weka
spec:
  image: registry.example.com/weka/weka-in-container:4.4.10.200
  imagePullSecret: weka-registry
  nodeSelector:
    weka.io/supports-clients: "true"
  targetCluster:
    name: cluster-a
    namespace: weka
  network:
    udpMode: true
  driversDistService: https://weka-drivers-dist.weka-operator-system.svc.cluster.local:60002
`,
  WekaContainer: `
apiVersion: weka.weka.io/v1alpha1
kind: WekaContainer
metadata:
  name: drivers-builder
  namespace: weka-operator-system
spec:
  mode: drivers-builder
  name: dist
  image: registry.example.com/weka/weka-in-container:4.4.10.200
  imagePullSecret: weka-registry
  numCores: 1
  agentPort: 60001
  port: 60002
  nodeSelector:
    weka.io/supports-builds: "true"
  uploadResultsTo: drivers-dist
`,
  WekaPolicy: `
apiVersion: weka.weka.io/v1alpha1
kind: WekaPolicy
metadata:
  name: weka-drivers
  namespace: weka-operator-system
spec:
  type: enable-local-drivers-distribution
  image: registry.example.com/weka/weka-in-container:4.4.10.200
  imagePullSecret: weka-registry
  payload:
    interval: 1m
    driverDistPayload:
      nodeSelectors:
        - weka.io/supports-backends: "true"
        - weka.io/supports-clients: "true"
      extraBuildArgs:
        - --verbose
      buildTimeout: 45m
      source: RegistryThenLocal
      storage:
        size: 20Gi
        storageClassName: fast
`,
  WekaManualOperation: `
apiVersion: weka.weka.io/v1alpha1
kind: WekaManualOperation
metadata:
  name: sign-two-drives
  namespace: weka-operator-system
spec:
  action: sign-drives
  payload:
    signDrivesPayload:
      type: device-paths
      nodeSelector:
        weka.io/supports-backends: "true"
      devicePaths:
        - /dev/nvme0n1
        - /dev/nvme1n1
  deletionDelay: 10m
`,
  WekaNode: `
apiVersion: weka.weka.io/v1alpha1
kind: WekaNode
metadata:
  name: node-1
spec:
  blockedDrives:
    - S4YPNE0R600001
`,
};
