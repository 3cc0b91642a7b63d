import type { LiveObject } from '../../lib/base/kube-object';
import type { KernelCheckInput } from '../../lib/drivers/kernel-check';
import { checkKernel } from '../../lib/drivers/kernel-check';
import { packageId } from '../../lib/drivers/package';
import { entry, indexed, KEY } from './driver-world';

const live = (name: string, more: object): LiveObject => ({
  apiVersion: 'x',
  kind: 'X',
  metadata: { name, uid: name, resourceVersion: '1', labels: {} },
  ...more,
});
const node = (name: string, labels: object = {}): LiveObject =>
  live(name, { metadata: { name, uid: name, resourceVersion: '1', labels } });
const record = (name: string, headers: boolean): LiveObject =>
  live(name, { status: { architecture: 'amd64', installedKernels: [{ release: KEY.kernel, headers }] } });
const policy = (more: object = {}) => ({
  namespace: 'weka',
  name: 'drivers',
  nodeSelectors: [],
  source: 'Local',
  packages: [],
  ...more,
});
const reported = (state: string, message?: string) => policy({ packages: [{ id: packageId(KEY), state, message }] });

const ask = (more: Partial<KernelCheckInput>) =>
  checkKernel({ key: KEY, index: new Map(), policies: [policy()], nodes: [], records: [], ...more });

test.each([
  ['it is indexed', { index: indexed(entry()) }, 'yes', /100 bytes.*built in this cluster/],
  [
    'a policy has stored it',
    { policies: [reported('Stored')] },
    'yes',
    /WekaPolicy\/weka\/drivers reports it as Stored/,
  ],
  ['a policy builds it', { policies: [reported('Building', 'It is being built.')] }, 'soon', /It is being built/],
  ['its build has failed', { policies: [reported('Failed', 'Headers are missing.')] }, 'no', /Headers are missing/],
  [
    'a node that a policy selects has its headers, though nobody asks for it yet',
    { nodes: [node('n1')], records: [record('n1', true)] },
    'soon',
    /n1 has its headers.*ensureImages/s,
  ],
  [
    'a node has its headers, but no policy selects it',
    { nodes: [node('n1')], records: [record('n1', true)], policies: [policy({ nodeSelectors: [{ pool: 'b' }] })] },
    'no',
    /no policy selects it/,
  ],
  [
    'a policy that only asks registries builds nothing',
    { nodes: [node('n1')], records: [record('n1', true)], policies: [policy({ source: 'Registry' })] },
    'no',
    /no policy selects it/,
  ],
  ['nobody has its headers', { nodes: [node('n1')], records: [record('n1', false)] }, 'no', /linux-headers-6\.1\.0/],
  ['there is no policy', { policies: [] }, 'no', /No WekaPolicy/],
] as [string, Partial<KernelCheckInput>, string, RegExp][])('%s', (_sentence, input, answer, why) => {
  const result = ask(input);
  expect([result.answer, result.why.join(' ')]).toEqual([answer, expect.stringMatching(why)]);
});
