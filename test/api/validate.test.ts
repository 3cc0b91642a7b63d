import { KINDS } from '../../lib/api/kinds';
import { validate, withDefaults } from '../../lib/api/validate';
import type { JsonObject } from '../../lib/base/json';

const API = 'weka.weka.io/v1alpha1';
const aPolicy = (spec: JsonObject, metadata: JsonObject = { name: 'p', namespace: 'weka' }): JsonObject => ({
  apiVersion: API,
  kind: 'WekaPolicy',
  metadata,
  spec,
});
const aSignPolicy = (payload: JsonObject = {}, more: JsonObject = {}): JsonObject =>
  aPolicy({ type: 'sign-drives', payload: { signDrivesPayload: { type: 'all-not-root', ...payload } }, ...more });
const aContainer = (spec: JsonObject = {}): JsonObject => ({
  apiVersion: API,
  kind: 'WekaContainer',
  metadata: { name: 'c', namespace: 'weka' },
  spec: { mode: 'compute', name: 'compute', image: 'registry.example.com/weka:4.4.10.200', numCores: 1, ...spec },
});

const said = (object: JsonObject) =>
  validate(object).problems.map(({ path, rule, message, remedy }) => [path, rule, `${message} ${remedy}`]);

/** Path, rule and what message and remedy say. */
type Wanted = [path: string, rule: string, text: RegExp];

describe('a message names the field and the remedy', () => {
  test.each<[string, JsonObject, ...Wanted]>([
    [
      'a misspelt field',
      aSignPolicy({ nodeSelectors: {} }),
      'spec.payload.signDrivesPayload.nodeSelectors',
      'unknown-field',
      /not a field of WekaPolicy.*Write nodeSelector if/,
    ],
    [
      'a field at the wrong place',
      aSignPolicy({}, { ensureImages: [] }),
      'spec.ensureImages',
      'unknown-field',
      /Move it to spec\.payload\.driverDistPayload\.ensureImages/,
    ],
    [
      'a field of a newer operator',
      aContainer({ numa: { single: true } }),
      'spec.numa',
      'unknown-field',
      /the API server drops it/,
    ],
    ['a field beside spec', { ...aContainer(), data: {} }, 'data', 'unknown-field', /Remove it/],
    [
      'an unknown field in a list',
      aContainer({ tolerations: [{ key: 'a' }, { keys: 'b' }] }),
      'spec.tolerations[1].keys',
      'unknown-field',
      /Write key/,
    ],
    [
      'a field in an object without fields',
      aPolicy({ type: 'discover-drives', payload: { schedulingConfigPayload: { a: 1 } } }),
      'spec.payload.schedulingConfigPayload.a',
      'unknown-field',
      /Remove it/,
    ],
    [
      'a number in quotes',
      aContainer({ hugepages: '2000' }),
      'spec.hugepages',
      'wrong-type',
      /must be a whole number, not the string "2000"\. Write 2000 without quotes/,
    ],
    ['a bare number for a string', aContainer({ group: 7 }), 'spec.group', 'wrong-type', /Put it in quotes: "7"/],
    [
      'a scalar for a list',
      aContainer({ joinIpPorts: '10.0.0.1:14000' }),
      'spec.joinIpPorts',
      'wrong-type',
      /must be a list.*after a dash/,
    ],
    [
      'a label value that is not a string',
      aContainer({ nodeSelector: { 'weka.io/x': true } }),
      'spec.nodeSelector["weka.io/x"]',
      'wrong-type',
      /Put it in quotes/,
    ],
    [
      'a fraction where the server wants a quantity',
      {
        ...aPolicy({
          type: 'enable-local-drivers-distribution',
          payload: { driverDistPayload: { storage: { size: 0.5 } } },
        }),
      },
      'spec.payload.driverDistPayload.storage.size',
      'wrong-type',
      /whole number or a string/,
    ],
    [
      'a tolerance as a key string',
      aSignPolicy({}, { tolerations: ['dedicated'] }),
      'spec.tolerations[0]',
      'wrong-type',
      /must be a map, not the string "dedicated"/,
    ],
    ['a missing field', aContainer({ image: undefined }), 'spec.image', 'required', /spec\.image is missing\. Add it/],
    ['an empty field that is required', aContainer({ image: null }), 'spec.image', 'required', /missing/],
    ['no spec at all', { ...aContainer(), spec: undefined }, 'spec', 'required', /spec is missing/],
    [
      'a word that is none of those allowed',
      aPolicy({ type: 'sign-drive', payload: {} }),
      'spec.type',
      'enum',
      /"sign-drive", which is none of .*Write sign-drives if/,
    ],
    [
      'a duration without unit',
      aSignPolicy({}, { payload: { signDrivesPayload: { type: 'aws-all' }, interval: '5' } }),
      'spec.payload.interval',
      'pattern',
      /is not a duration\. Write numbers with units/,
    ],
    [
      'a PCI identity that is too long',
      aSignPolicy({ type: 'device-identifiers', pciDevices: { vendorId: '0x1d0f', deviceId: 'cd01' } }),
      'spec.payload.signDrivesPayload.pciDevices.vendorId',
      'pattern',
      /0x1d0f/,
    ],
    [
      'a wrong version',
      { ...aContainer(), apiVersion: 'weka.weka.io/v1' },
      'apiVersion',
      'api-version',
      /Write apiVersion: weka\.weka\.io\/v1alpha1/,
    ],
    ['a wrong kind', { ...aContainer(), kind: 'WekaContainers' }, 'kind', 'kind', /Write WekaContainer if/],
    [
      'no name',
      aPolicy({ type: 'discover-drives', payload: {} }, {}),
      'metadata.name',
      'required',
      /Give the object a name/,
    ],
    [
      'a name that is not one',
      aPolicy({ type: 'discover-drives', payload: {} }, { name: 'My_Policy' }),
      'metadata.name',
      'name',
      /lower-case/,
    ],
    [
      'a label value with a space',
      aPolicy({ type: 'discover-drives', payload: {} }, { name: 'p', labels: { team: 'a b' } }),
      'metadata.labels.team',
      'label',
      /not a label value/,
    ],
    [
      'an annotation that is a number',
      aPolicy({ type: 'discover-drives', payload: {} }, { name: 'p', annotations: { 'weka.io/paused': true } }),
      'metadata.annotations["weka.io/paused"]',
      'wrong-type',
      /Put it in quotes: "true"/,
    ],
    [
      'an unknown metadata field',
      aPolicy({ type: 'discover-drives', payload: {} }, { name: 'p', lables: {} }),
      'metadata.lables',
      'unknown-field',
      /Write labels/,
    ],
    [
      'a drive blocked twice',
      { apiVersion: API, kind: 'WekaNode', metadata: { name: 'n' }, spec: { blockedDrives: ['A', 'B', 'A'] } },
      'spec.blockedDrives[2]',
      'duplicate-item',
      /repeats an earlier item/,
    ],
    [
      'a condition given twice',
      { ...aContainer(), status: { conditions: [{ type: 'Ready' }, { type: 'Ready' }] } },
      'status.conditions[1]',
      'duplicate-item',
      /\["Ready"\]/,
    ],
  ])('%s', (_name, object, ...[path, rule, text]) => {
    expect(said(object)).toEqual([[path, rule, expect.stringMatching(text)]]);
  });

  test('every finding is reported, not just the first', () => {
    expect(said(aContainer({ mode: 'computer', numCores: 'two', size: 3 })).map(([path]) => path)).toEqual([
      'spec.size',
      'spec.mode',
      'spec.numCores',
    ]);
  });

  test('rules across fields wait until every field has the right shape', () => {
    expect(said(aPolicy({ type: 'sign-drives', payload: {}, image: 7 })).map(([path]) => path)).toEqual(['spec.image']);
  });
});

describe('what is accepted', () => {
  test.each<[string, JsonObject]>([
    [
      'an empty field that is optional, as the API server drops it',
      aContainer({ nodeSelector: null, overrides: { preRunScript: null } }),
    ],
    ['empty values', aContainer({ nodeSelector: {}, group: '', extraCores: 0, ipv6: false, tolerations: [] })],
    [
      'parts that Kubernetes judges',
      aContainer({ affinity: { nodeAffinity: { anything: [1] } }, topologySpreadConstraints: [{ maxSkew: 1 }] }),
    ],
    [
      'an object without a name that is to be given one',
      aPolicy({ type: 'discover-drives', payload: {} }, { generateName: 'p-' }),
    ],
    ['an endpoint without a scheme', aContainer({ driversDistService: 'dist.weka.svc.cluster.local:60002' })],
    [
      'the Secret name in wekaSecretRef',
      aContainer({ wekaSecretRef: { secretKeyRef: { key: 'weka-operator-cluster-a' } } }),
    ],
    [
      'size as a number or a quantity',
      aPolicy({
        type: 'enable-local-drivers-distribution',
        payload: { driverDistPayload: { storage: { size: 1024 }, extraBuildArgs: ['-j4'], buildTimeout: '1h30m' } },
      }),
    ],
  ])('%s', (_name, object) => {
    expect(validate(object)).toEqual({ valid: true, problems: [] });
  });

  test.each(['s3', 'drive', 'drivers-loader', 'adhoc-op-with-container', 'data-services-fe', 'smbw'])(
    'a container of mode %s',
    (mode) => {
      expect(said(aContainer({ mode }))).toEqual([]);
    },
  );
});

describe('defaults', () => {
  test('are filled in where the parent is there, in a copy', () => {
    const policy = aPolicy({
      type: 'enable-local-drivers-distribution',
      payload: { driverDistPayload: { kernelLabelKey: 'my/kernel' } },
    });
    const before = structuredClone(policy);
    expect(withDefaults(policy)['spec']).toEqual({
      type: 'enable-local-drivers-distribution',
      payload: {
        interval: '5m',
        driverDistPayload: {
          kernelLabelKey: 'my/kernel',
          architectureLabelKey: 'weka.io/architecture',
          source: 'Local',
        },
      },
    });
    expect(policy).toEqual(before);
  });

  test('never make a parent', () => {
    expect(withDefaults(aPolicy({ type: 'discover-drives', payload: {} }))['spec']).toEqual({
      type: 'discover-drives',
      payload: { interval: '5m' },
    });
  });

  test('replace an empty value, keep every other, and keep unknown fields', () => {
    const spec = withDefaults(aContainer({ cpuPolicy: null, state: 'paused', later: { x: 1 } }))['spec'] as JsonObject;
    expect(spec).toMatchObject({
      cpuPolicy: 'auto',
      state: 'paused',
      upgradePolicyType: 'manual',
      autoRemoveTimeout: '0s',
      later: { x: 1 },
    });
  });

  test('of another kind: a plain copy', () => {
    const pod: JsonObject = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: { nodeName: null } };
    expect(withDefaults(pod)).toEqual(pod);
    expect(withDefaults(pod)).not.toBe(pod);
  });

  test('filled in twice are the same', () => {
    const once = withDefaults(aContainer());
    expect(withDefaults(once)).toEqual(once);
    expect(KINDS.length).toBe(6);
  });
});
