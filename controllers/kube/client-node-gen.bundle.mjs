// What KubeConfig asks of client-node's generated half is for API clients, which are never made: ours speaks to the API
// server itself. The real one brings a class for each kind of Kubernetes, a tenth of the time that the manager needs to start.
const unused = () => {
  throw new Error('API clients of client-node are not part of the bundle');
};
export const createConfiguration = unused;
export class ServerConfiguration {
  constructor() {
    unused();
  }
}
