import tseslint from 'typescript-eslint';

/** What may not be imported, with the sentence a reader needs: what to use instead. */
const io = [
  'fs',
  'net',
  'http',
  'https',
  'http2',
  'tls',
  'dns',
  'child_process',
  'os',
  'worker_threads',
  'cluster',
  'dgram',
];
// A regular expression, because a pattern of names also matches files of our own, such as sim/cluster.ts.
const noIo = {
  regex: `^(node:)?(${io.join('|')})(/promises)?$`,
  message: 'This room is pure: take the data as an argument; controllers/, cli/ or agents/*/linux-host.ts do the I/O.',
};
const noClientNode = {
  group: ['@kubernetes/client-node', '@kubernetes/client-node/*'],
  message:
    'Only controllers/kube/ may load client-node: use the ClusterClient port (controllers/kube/cluster-client.ts).',
};
const upward = (rooms, instead) => ({ regex: `^(\\.\\./)+(${rooms.join('|')})(/|$)`, message: instead });

/** Imports go one way: imports ← lib ← synth ← controllers, sim, cli, charts. */
const layers = {
  lib: [
    noIo,
    noClientNode,
    upward(
      ['synth', 'controllers', 'sim', 'cli', 'charts', 'agents'],
      'lib knows only imports/ and itself: move the shared piece down into lib/base.',
    ),
  ],
  synth: [
    noIo,
    noClientNode,
    upward(
      ['imports', 'controllers', 'sim', 'cli', 'charts', 'agents'],
      'synth knows only lib: pass manifests in, return plain data.',
    ),
  ],
  controllers: [
    upward(
      ['imports', 'sim', 'cli', 'charts', 'agents'],
      'controllers know lib and synth: what they share with the simulator is a port in controllers/kube or controllers/runtime.',
    ),
  ],
  sim: [
    noIo,
    noClientNode,
    upward(['imports', 'cli', 'charts', 'agents'], 'sim knows lib, synth and the ports of controllers/.'),
    {
      regex: '^(\\.\\./)+controllers/(?!kube/(cluster-client|api-error)|runtime/(clock|random))',
      message:
        'sim implements the ports (controllers/kube/cluster-client, api-error; controllers/runtime/clock, random) and knows nothing else of controllers/.',
    },
  ],
  charts: [
    noClientNode,
    upward(['controllers', 'sim', 'cli', 'agents'], 'charts render constructs of lib through synth.'),
  ],
  agents: [
    noClientNode,
    upward(
      ['imports', 'synth', 'controllers', 'sim', 'cli', 'charts'],
      'agents know nothing of Kubernetes: lib/api, lib/base, lib/drivers and lib/drives only.',
    ),
    upward(['lib/(?!api|base|drivers|drives)'], 'agents may use lib/api, lib/base, lib/drivers and lib/drives only.'),
  ],
};
const layer = (room, files = [`${room}/**/*.ts`], ignores = []) => ({
  files,
  ignores,
  rules: { 'no-restricted-imports': ['error', { patterns: layers[room] }] },
});

const determinism = ['lib', 'synth', 'sim'].map((room) => ({
  files: [`${room}/**/*.ts`],
  rules: {
    'no-restricted-syntax': [
      'error',
      {
        selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']",
        message: 'No clock here: take a Clock or a time as an argument.',
      },
      {
        selector: "NewExpression[callee.name='Date'][arguments.length=0]",
        message: 'No clock here: take a Clock or a time as an argument.',
      },
      {
        selector: "CallExpression[callee.object.name='Math'][callee.property.name='random']",
        message: 'No randomness here: take a Random as an argument.',
      },
    ],
  },
}));

export default tseslint.config(
  { ignores: ['build/**', 'dist/**', 'node_modules/**', 'imports/**', 'coverage/**', '**/*.js', '**/*.mjs', 'bin/**'] },
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      complexity: ['error', 12],
      'max-params': ['error', 4],
      'max-depth': ['error', 3],
      'max-lines': ['error', { max: 300, skipBlankLines: false, skipComments: false }],
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
      'no-console': 'error',
      eqeqeq: 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/return-await': ['error', 'in-try-catch'],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'no-restricted-exports': ['error', { restrictDefaultExports: { direct: true } }],
    },
  },
  layer('lib'),
  layer('synth'),
  layer('controllers'),
  {
    files: ['controllers/**/*.ts'],
    ignores: ['controllers/kube/**'],
    rules: { 'no-restricted-imports': ['error', { patterns: [...layers.controllers, noClientNode] }] },
  },
  layer('sim'),
  layer('charts'),
  layer('agents'),
  ...determinism,
  // Schemas are long lists of documented fields, and reading them top to bottom is their point.
  { files: ['lib/api/**/*.ts'], rules: { 'max-lines': ['error', { max: 600 }] } },
  {
    files: ['test/**/*.ts', 'bench/**/*.ts'],
    rules: {
      'max-lines': 'off',
      'max-lines-per-function': 'off',
      'max-params': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/require-await': 'off',
    },
  },
  { files: ['cli/**/*.ts', 'test/**/*.ts', 'bench/**/*.ts', 'agents/*/main.ts'], rules: { 'no-console': 'off' } },
);
