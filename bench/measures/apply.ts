import { get } from 'node:https';
import type { Figures } from '../child';
import { measureOnce } from '../child';
import type { Measure } from '../measure';
import type { Row } from '../row';
import { median, row } from '../row';
import type { Place } from '../served';
import { withServer } from '../served';

const RUNS = 3;
const OUR_CALLS = 5_000;
/** The peer makes some 200 a second. */
const PEER_CALLS = 600;

/** Connections that the server has accepted so far. Certificates are of no interest here. */
const connections = ({ url }: Place): Promise<number> =>
  new Promise((resolve, reject) => {
    get(`${url}/connections`, { rejectUnauthorized: false, agent: false }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => resolve(Number(text)));
    }).on('error', reject);
  });

const one = async (child: string, place: Place, concurrency: number): Promise<Figures> => {
  const calls = child === 'apply-ours' ? OUR_CALLS : PEER_CALLS;
  const before = await connections(place);
  const figures = await measureOnce(child, { kubeconfig: place.kubeconfig, calls, concurrency });
  // The question itself came over a connection of its own.
  const opened = (await connections(place)) - before - 1;
  return { ...figures, perConnection: (figures['calls'] ?? NaN) / opened };
};

const middle = (runs: readonly Figures[], key: string): number => median(runs.map((figures) => figures[key] ?? NaN));

const rowsFor = async (place: Place, concurrency: number): Promise<readonly Row[]> => {
  const [ours, peer]: [Figures[], Figures[]] = [[], []];
  for (let run = 0; run < RUNS; run++) {
    ours.push(await one('apply-ours', place, concurrency));
    peer.push(await one('apply-peer', place, concurrency));
  }
  const id = `apply/${concurrency}`;
  const what = `apply of a Pod over TLS, ${concurrency} at a time`;
  const peerName = 'client-node KubernetesObjectApi';
  const values = (key: string) => ({ ours: middle(ours, key), peer: middle(peer, key), peerName });
  // With 32 connections each gets its share of the calls: the bar is for one.
  const reuse = concurrency === 1 ? { target: { atLeast: 1000 } } : {};
  return [
    row({
      ...values('rate'),
      id: `${id}/rate`,
      measure: what,
      unit: 'calls/s',
      better: 'more',
      target: { ratioAtLeast: 5 },
    }),
    row({
      ...values('cpu'),
      id: `${id}/cpu`,
      measure: `${what}: CPU`,
      unit: 'ms/call',
      better: 'less',
      target: { atMost: 0.5 },
    }),
    row({
      ...values('perConnection'),
      id: `${id}/reuse`,
      measure: `${what}: calls a connection`,
      unit: 'calls',
      better: 'more',
      ...reuse,
    }),
    row({
      ...values('descriptors'),
      id: `${id}/descriptors`,
      measure: `${what}: descriptors`,
      unit: 'open',
      better: 'less',
      target: { atMost: concurrency + 3 },
    }),
  ];
};

export const apply: Measure = {
  id: 'apply',
  run: () => withServer({ tls: true }, async (place) => [...(await rowsFor(place, 1)), ...(await rowsFor(place, 32))]),
};
