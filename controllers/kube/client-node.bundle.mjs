// What the bundle takes of client-node: reading kubeconfigs and credentials. Its package exports only the whole, five
// megabytes of API classes that nothing here uses and that each start would have to parse.
export { KubeConfig } from '../../node_modules/@kubernetes/client-node/dist/config.js';
