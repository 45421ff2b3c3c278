const { pathsToMapper } = require('./scripts/jest-paths.cjs')

const project = (displayName, testMatch, more = {}) => ({
  displayName,
  rootDir: __dirname,
  testMatch,
  testEnvironment: 'node',
  testPathIgnorePatterns: ['/node_modules/', '/dist/'],
  modulePathIgnorePatterns: [
    '<rootDir>/dist/',
    '<rootDir>/packages/[^/]+/dist/',
    '<rootDir>/data/',
    '<rootDir>/.cache/',
  ],
  transform: { '^.+\\.ts$': ['@swc/jest'] },
  moduleNameMapper: pathsToMapper(),
  setupFiles: ['<rootDir>/scripts/jest-seed.cjs'],
  ...more,
})

/** One broker for all spec files of the kafka project (test/broker/README.md). */
const sharedBroker = {
  globalSetup: '<rootDir>/test/broker/shared-broker.ts',
  globalTeardown: '<rootDir>/test/broker/stop-shared-broker.ts',
}

/** `npm test` adds up the runs' own counts. */
const counts = process.env.QUORATE_TEST_COUNTS
const countReporter = [require.resolve('./scripts/count-reporter.cjs'), { file: counts }]

/** unit: no process but this one. kafka: needs a broker (test/broker). system: real processes. */
module.exports = {
  // A slow machine is no failure; what hangs is told half a minute later.
  testTimeout: 30_000,
  reporters: counts ? ['default', countReporter] : ['default'],
  projects: [
    project('unit', ['<rootDir>/{apps,libs,packages,scripts,test,bench,examples}/**/!(*.kafka).spec.ts']),
    project('kafka', ['<rootDir>/{apps,libs,test}/**/*.kafka.spec.ts'], sharedBroker),
    project('system', ['<rootDir>/{test,examples}/**/*.system.ts'], sharedBroker),
  ],
}
