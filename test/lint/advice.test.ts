import { adviceOn } from '../../lib/api/lint/advice';
import type { KubeObject } from '../../lib/base/kube-object';

const client = (spec: object): KubeObject => ({
  apiVersion: 'weka.weka.io/v1alpha1',
  kind: 'WekaClient',
  metadata: { name: 'c', namespace: 'n', uid: 'u', managedFields: [] },
  spec: { image: 'registry.example/weka-in-container:4.4.5', ...spec },
});

describe('advice on an object that lives in a cluster', () => {
  it('is silent about a sound spec', () => {
    expect(adviceOn(client({ targetCluster: { name: 'a', namespace: 'n' } }))).toBeUndefined();
  });

  it('names the field and what to do', () => {
    const advice = adviceOn(client({ targetCluster: { name: 'a', namespace: 'n' }, joinIpPorts: ['10.0.0.1:14000'] }));
    expect(advice?.reason).toMatch(/^[A-Z][A-Za-z0-9]+$/);
    expect(advice?.message).toContain('joinIpPorts');
  });

  it('counts what it does not name', () => {
    const spec = { joinIpPorts: ['a', 'b', 'c', 'd', 'e'], targetCluster: { name: 'a', namespace: 'n' } };
    expect(adviceOn(client(spec))?.message).toMatch(/And \d+ more: run weka-operator lint\.$/);
  });

  it('has nothing to say of kinds that are not ours', () => {
    expect(adviceOn({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: {} })).toBeUndefined();
  });
});
