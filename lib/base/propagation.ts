/**
 * Labels and annotations pass from parent to child (users rely on it: cost centres, autoscaler hints), but the keys
 * that a GitOps tool, Helm or kubectl uses to recognise *its* objects never do: a child that carries them gets
 * pruned or flagged by a tool that doesn't own it. The list can't be switched off.
 */
const DENIED_KEYS: ReadonlySet<string> = new Set([
  'app.kubernetes.io/instance',
  'app.kubernetes.io/managed-by',
  'argocd.argoproj.io/instance',
  'kubectl.kubernetes.io/last-applied-configuration',
  'kubectl.kubernetes.io/restartedAt',
  'weka.io/applied-annotations',
  'weka.io/paused',
  'weka.io/reconcile-requested-at',
  'weka.io/child-role',
  'weka.io/child-slot',
]);

const DENIED_PREFIXES: readonly string[] = [
  'argocd.argoproj.io/',
  'kustomize.toolkit.fluxcd.io/',
  'helm.toolkit.fluxcd.io/',
  'meta.helm.sh/',
  'helm.sh/',
  'objectset.rio.cattle.io/',
  'fleet.cattle.io/',
  'kapp.k14s.io/',
  'config.k8s.io/',
  'cli-utils.sigs.k8s.io/',
];

/** Whether a label or annotation key stays on the parent. */
export const isDenied = (key: string): boolean =>
  DENIED_KEYS.has(key) || DENIED_PREFIXES.some((prefix) => key.startsWith(prefix));

/** What of a parent's labels or annotations its children get. */
export const propagated = (map: Readonly<Record<string, string>> | undefined): Record<string, string> =>
  Object.fromEntries(Object.entries(map ?? {}).filter(([key]) => !isDenied(key)));
