import { setMaxListeners } from 'node:events';
import type { ClientRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { setTimeout as wait } from 'node:timers/promises';
import { clientCertificate } from './coordinates';
import { controlPlane, kubectl } from './harness';

const API_VERSION = 'flowcontrol.apiserver.k8s.io/v1';

/**
 * Makes the requests of `users` share one priority level with a handful of seats (one share is three of them), none
 * borrowed and no queue: one request more than there are seats is answered 429. Without a share it has no seat, but the API
 * server lets a request through whenever the level executes none. Users of system:masters are exempt whatever a flow
 * schema says.
 */
export const limitRequests = async (name: string, users: readonly string[], shares = 1): Promise<void> => {
  const level = {
    apiVersion: API_VERSION,
    kind: 'PriorityLevelConfiguration',
    metadata: { name },
    spec: {
      type: 'Limited',
      limited: {
        nominalConcurrencyShares: shares,
        lendablePercent: 0,
        borrowingLimitPercent: 0,
        limitResponse: { type: 'Reject' },
      },
    },
  };
  const everything = [
    { verbs: ['*'], apiGroups: ['*'], resources: ['*'], namespaces: ['*'], clusterScope: true },
  ] as const;
  const schema = {
    apiVersion: API_VERSION,
    kind: 'FlowSchema',
    metadata: { name },
    spec: {
      priorityLevelConfiguration: { name },
      // Before all schemas that come with Kubernetes but the exempt one.
      matchingPrecedence: 50,
      rules: [
        {
          subjects: users.map((user) => ({ kind: 'User', user: { name: user } })),
          resourceRules: everything,
          nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
        },
      ],
    },
  };
  await kubectl(['apply', '--server-side', '-f', '-'], {
    stdin: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [level, schema] }),
  });
};

/** Undoes `limitRequests`. */
export const unlimitRequests = async (name: string): Promise<void> => {
  await kubectl(['delete', 'flowschema,prioritylevelconfiguration', name, '--ignore-not-found']);
};

/** More than one share of a level has seats. */
const HOLDERS = 5;
/** The API server asks everybody to wait longer, the more it has refused lately: half a minute in the end. */
const AGAIN_MS = 2_000;

/**
 * Takes every seat of the level of `user`, until the result is called: by requests whose body never comes to its end, as a
 * client on a bad line sends them. They hold their seats from the first byte on. `user` may create ConfigMaps in `namespace`.
 */
export const fillLevel = (user: string, namespace: string): (() => Promise<void>) => {
  const lifted = new AbortController();
  setMaxListeners(2 * HOLDERS, lifted.signal);
  const holders = Array.from({ length: HOLDERS }, () => holdSeats(user, namespace, lifted.signal));
  return async () => {
    lifted.abort();
    await Promise.all(holders);
  };
};

/** Whoever is refused tries again: seats that others give back don't stay free. */
const holdSeats = async (user: string, namespace: string, signal: AbortSignal): Promise<void> => {
  while (!signal.aborted) {
    await holdSeat(user, namespace, signal);
    await wait(AGAIN_MS, undefined, { signal }).catch(() => undefined);
  }
};

/** Resolves when the request is over, however it ends. */
const holdSeat = (user: string, namespace: string, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const { server, authority } = controlPlane();
    const { certificate: cert, key } = clientCertificate(controlPlane(), { user });
    const headers = { 'content-type': 'application/json', 'content-length': 1_000_000 };
    const sent: ClientRequest = httpsRequest(`${server}/api/v1/namespaces/${namespace}/configmaps`, {
      ...{ method: 'POST', headers, agent: false, ca: authority.certificate, cert, key },
    });
    const end = (): void => void sent.destroy();
    signal.addEventListener('abort', end, { once: true });
    sent.once('response', end);
    sent.once('error', () => undefined);
    sent.once('close', () => {
      signal.removeEventListener('abort', end);
      resolve();
    });
    sent.write('{');
  });
