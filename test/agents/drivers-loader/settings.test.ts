import { loadSettings, watchSettings } from '../../../agents/drivers-loader/settings';
import { loadEnvironment, LOADER_PATH, WATCH_ENVIRONMENT } from '../../../lib/drivers/load-pod';

const environmentOf = (variables: readonly { name: string; value?: string }[]): Record<string, string> =>
  Object.fromEntries(variables.map(({ name, value }) => [name, value ?? 'node-1']));

const given = (more: Record<string, string> = {}) => ({
  ...environmentOf(loadEnvironment({ wekaVersion: '4.4.5', distUrl: 'https://dist.ns.svc.cluster.local:60002/' })),
  ...more,
});

test('the environment of the Pod says everything', () => {
  expect(loadSettings(given())).toEqual({
    wekaVersion: '4.4.5',
    distUrl: 'https://dist.ns.svc.cluster.local:60002',
    caFile: '/etc/weka-operator/ca/ca.crt',
    nodeName: 'node-1',
    indexDirectory: '/etc/weka-operator/index',
    cacheDirectory: '/opt/k8s-weka/drivers',
    stateDirectory: '/run/weka-drivers',
    sysDirectory: '/host/sys',
    terminationLog: '/dev/termination-log',
    jitterSeconds: 10,
  });
  expect(watchSettings(environmentOf(WATCH_ENVIRONMENT))).toEqual({
    stateDirectory: LOADER_PATH.state,
    sysDirectory: '/sys',
    intervalSeconds: 5,
  });
});

test('the bound of the delay is the operator’s', () => {
  const order = { wekaVersion: '4', distUrl: 'https://d:1', jitterSeconds: 60 };
  expect(loadSettings(environmentOf(loadEnvironment(order))).jitterSeconds).toBe(60);
});

test.each([
  ['WEKA_VERSION', '', 'is not set'],
  ['NODE_NAME', '', 'is not set'],
  ['DIST_URL', 'dist:60002', 'is "dist:60002", not a URL'],
  ['DIST_URL', 'file:///etc/shadow', 'is "file:///etc/shadow", not a URL'],
  ['JITTER_SECONDS', 'soon', 'is "soon", not seconds'],
  ['JITTER_SECONDS', '-1', 'is "-1", not seconds'],
])('%s=%s is refused by name', (name, value, cause) => {
  expect(() => loadSettings(given({ [name]: value }))).toThrow(
    expect.objectContaining({ code: 'AgentMisconfigured', parameters: { name, cause } }) as Error,
  );
});
