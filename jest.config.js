// One project a tier, so that `npm run test:unit` and friends select by name and a report names the tier.
// @kubernetes/client-node 2.x is ESM only: it and its ESM dependencies are transformed, nothing else of node_modules is.
const swc = (syntax) => [
  '@swc/jest',
  { jsc: { target: 'es2022', parser: { syntax } }, module: { type: 'commonjs' }, sourceMaps: 'inline' },
];
const esmOnly = [
  '@kubernetes/client-node',
  'openid-client',
  'oauth4webapi',
  'jose',
  'jsonpath-plus',
  'socks-proxy-agent',
  'agent-base',
  'js-yaml',
];
const tier = (displayName, testMatch, more = {}) => ({
  displayName,
  testMatch,
  transform: { '^.+\\.ts$': swc('typescript'), '^.+\\.m?js$': swc('ecmascript') },
  transformIgnorePatterns: [`/node_modules/(?!(${esmOnly.join('|')})/)`],
  modulePathIgnorePatterns: ['<rootDir>/build/', '<rootDir>/dist/'],
  ...more,
});
const apart = ['cluster', 'node', 'e2e', 'sim', 'cli', 'contract'];
module.exports = {
  // A limit says that a test hangs, never that it is slow: two suites and a virtual machine share two cores.
  testTimeout: 60_000,
  projects: [
    tier('unit', ['<rootDir>/test/**/*.test.ts'], {
      testPathIgnorePatterns: ['/node_modules/', ...apart.map((dir) => `<rootDir>/test/${dir}/`)],
    }),
    tier('sim', ['<rootDir>/test/sim/**/*.test.ts']),
    tier('cli', ['<rootDir>/test/cli/**/*.test.ts']),
    tier('cluster', ['<rootDir>/test/cluster/**/*.test.ts'], {
      globalSetup: '<rootDir>/test/cluster/setup.ts',
      globalTeardown: '<rootDir>/test/cluster/teardown.ts',
    }),
    tier('contract', ['<rootDir>/test/contract/**/*.test.ts'], {
      globalSetup: '<rootDir>/test/cluster/setup.ts',
      globalTeardown: '<rootDir>/test/cluster/teardown.ts',
    }),
    tier('e2e', ['<rootDir>/test/e2e/**/*.test.ts'], { globalSetup: '<rootDir>/test/e2e/setup.ts' }),
    tier('node', ['<rootDir>/test/node/**/*.test.ts'], { globalSetup: '<rootDir>/test/node/setup.ts' }),
  ],
};
