import fc from 'fast-check';
import { parse, parseAllDocuments } from 'yaml';
import type { JsonValue } from '../../lib/base/json';
import { fileName, manifestsJson, manifestsYaml } from '../../synth/output';
import { yamlText } from '../../synth/yaml';
import { canonicalJson } from '../../synth/canonical-json';
import { aManifest } from './objects';

const VERSIONS = ['1.1', '1.2'] as const;
const readBack = (text: string, version: '1.1' | '1.2'): unknown =>
  parse(text, { version, merge: false, maxAliasCount: 0 }) as unknown;

const TRICKY = [
  'y',
  'N',
  'yes',
  'No',
  'on',
  'OFF',
  'true',
  'False',
  'null',
  'NULL',
  '~',
  '',
  ' ',
  'a ',
  ' a',
  '0777',
  '0o17',
  '0x1F',
  '1_000',
  '12:30:45',
  '1e3',
  '.5',
  '.inf',
  '-.Inf',
  '.nan',
  '+1',
  '-1',
  '1.',
  '2001-01-01',
  '0b1',
  '- a',
  '-',
  '---',
  '...',
  '? a',
  ': a',
  'a: b',
  'a:',
  'a #b',
  '#a',
  '{a}',
  '[a]',
  '*a',
  '&a',
  '!a',
  '!!int',
  '|',
  '>',
  '%a',
  '@a',
  '`a`',
  '<<',
  '=',
  "it's",
  '"q"',
  'a\\b',
  'a\tb',
  'a\rb',
  'a\r\nb',
  'a\u0085b',
  'a\u2028b',
  '\ufeffa',
  'a\u007fb',
  '\u0000',
  '😀',
  'é',
  'a\n',
  'a\nb',
  'a\n\n',
  '\na',
  '\n',
  ' a\nb',
  'a\n b',
  'a\n  \nb',
  'a\nb  ',
  '#!/bin/sh\nset -e\n\necho "x: y" # z\n',
  'a\n---\nb',
  'a\n\tb',
  'k'.repeat(300),
  'http://a:80/b',
  'a,b',
  'a, b',
  'f(x)',
  'a b  c',
  'quay.io/weka/x:1',
];
const strings = fc.oneof(
  fc.constantFrom(...TRICKY),
  fc.string({ unit: 'grapheme' }),
  fc
    .array(fc.constantFrom('a', ' ', '\n', ':', '#', '-', '\t', '0', '_'), { maxLength: 8 })
    .map((parts) => parts.join('')),
);
const values = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    strings,
    fc.oneof(
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }).filter((number) => !Object.is(number, -0)),
      fc.boolean(),
      fc.constant(null),
    ),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(
      strings.filter((key) => key !== '__proto__'),
      tie('value'),
      { maxKeys: 4, noNullPrototype: true },
    ),
  ),
})).value;

describe.each(VERSIONS)('YAML %s', (version) => {
  test.each(TRICKY.map((text) => [JSON.stringify(text), text]))(
    'the string %s comes back, as value, item and key',
    (_, text) => {
      const value = { value: text, list: [text], nested: [[text], { a: text }], map: { [text]: { [text]: text } } };
      expect(readBack(yamlText(value), version)).toEqual(value);
    },
  );

  test('any JSON value comes back', () => {
    fc.assert(
      fc.property(values, (value) => expect(readBack(yamlText(value), version)).toEqual(value)),
      { numRuns: 500 },
    );
  });

  test('a key longer than YAML allows without a mark comes back', () => {
    const value = { a: [{ ['k'.repeat(2000)]: { b: 1 }, z: 1 }] };
    expect(readBack(yamlText(value), version)).toEqual(value);
  });

  test.each([1e21, 1e-7, 1.5e300, -0.1, 123456789012])('the number %s stays a number', (value) => {
    expect(readBack(yamlText([value]), version)).toEqual([value]);
  });
});

test('equal values give equal text, whatever the order of their keys', () => {
  fc.assert(
    fc.property(values, (value) => yamlText(JSON.parse(canonicalJson(value)) as JsonValue) === yamlText(value)),
  );
});

test('scripts stay readable', () => {
  expect(
    yamlText({
      kind: 'ConfigMap',
      apiVersion: 'v1',
      data: { 'run.sh': '#!/bin/sh\nexit 0\n', mode: '0755' },
      list: [{ b: 1, a: [] }],
    }),
  ).toBe(
    [
      'apiVersion: v1',
      'kind: ConfigMap',
      'data:',
      '  mode: "0755"',
      '  run.sh: |',
      '    #!/bin/sh',
      '    exit 0',
      'list:',
      '  - a: []',
      '    b: 1',
      '',
    ].join('\n'),
  );
});

test('a stream of manifests is one document each, also after text that ends in empty lines', () => {
  const manifests = [
    aManifest('v1 ConfigMap', { data: { x: 'a\n\n' } }),
    aManifest('v1 ConfigMap', { data: { y: 'b\n' } }),
  ];
  expect(parseAllDocuments(manifestsYaml(manifests)).map((document) => document.toJS() as unknown)).toEqual(manifests);
  expect((JSON.parse(manifestsJson(manifests)) as { items: unknown }).items).toEqual(manifests);
});

describe('file names', () => {
  test.each([
    ['apps/v1 DaemonSet', { name: 'a', namespace: 'n' }, 'n/daemonset.apps-a.yaml'],
    ['v1 Namespace', { name: 'a', namespace: undefined }, 'namespace-a.yaml'],
    [
      'rbac.authorization.k8s.io/v1 Role',
      { name: 'system:A', namespace: 'n' },
      'n/role.rbac.authorization.k8s.io-system_003a_0041.yaml',
    ],
    ['weka.weka.io/v1alpha1 WekaPolicy', { name: 'a', namespace: '../n' }, '_002e._002fn/wekapolicy-a.yaml'],
  ])('%s %j is %s', (type, metadata, name) => {
    expect(fileName(aManifest(type, { metadata: metadata as object }))).toBe(name);
  });

  test('fit into a directory and stay apart', () => {
    const names = ['x', 'y'].map((end) =>
      fileName(
        aManifest('apps/v1 DaemonSet', { metadata: { name: 'a'.repeat(252) + end, namespace: 'b'.repeat(63) } }),
      ),
    );
    expect(new Set(names).size).toBe(2);
    expect(names.every((name) => name.split('/').every((part) => part.length <= 255))).toBe(true);
  });
});
