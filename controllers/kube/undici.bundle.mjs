// client-node makes these for calls through fetch; ours go through node:https. Loading the real ones would take a fifth
// of the time that the manager needs to start.
const unused = () => {
  throw new Error('fetch dispatchers are not part of the bundle');
};
export class Agent {
  constructor() {
    unused();
  }
}
export class ProxyAgent extends Agent {}
export const fetch = unused;
