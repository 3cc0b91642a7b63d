import { propagated } from '../../lib/base/propagation';

describe('what passes from parent to child', () => {
  test.each(['cost-centre', 'cluster-autoscaler.kubernetes.io/safe-to-evict', 'app.kubernetes.io/part-of'])(
    '%s passes',
    (key) => {
      expect(propagated({ [key]: 'x' })).toEqual({ [key]: 'x' });
    },
  );

  test.each([
    'app.kubernetes.io/instance',
    'app.kubernetes.io/managed-by',
    'argocd.argoproj.io/tracking-id',
    'argocd.argoproj.io/instance',
    'argocd.argoproj.io/sync-wave',
    'kubectl.kubernetes.io/last-applied-configuration',
    'kustomize.toolkit.fluxcd.io/name',
    'helm.toolkit.fluxcd.io/name',
    'meta.helm.sh/release-name',
    'objectset.rio.cattle.io/hash',
    'weka.io/paused',
  ])('%s stays on the parent', (key) => {
    expect(propagated({ [key]: 'x', kept: 'y' })).toEqual({ kept: 'y' });
  });

  it('gives an empty map for a parent without any', () => expect(propagated(undefined)).toEqual({}));
});
