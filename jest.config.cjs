const { pathsToMapper } = require('./scripts/jest-paths.cjs')

const project = (displayName, testMatch) => ({
  displayName,
  rootDir: __dirname,
  testMatch,
  testEnvironment: 'node',
  testPathIgnorePatterns: ['/node_modules/', '/dist/'],
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/data/', '<rootDir>/.cache/'],
  transform: { '^.+\\.ts$': ['@swc/jest'] },
  moduleNameMapper: pathsToMapper(),
})

/** unit: no process but this one. kafka: needs a broker (test/broker). system: real processes. */
module.exports = {
  projects: [
    project('unit', ['<rootDir>/{apps,libs,scripts,test,bench,examples}/**/!(*.kafka).spec.ts']),
    project('kafka', ['<rootDir>/{apps,libs,test}/**/*.kafka.spec.ts']),
    project('system', ['<rootDir>/{test,examples}/**/*.system.ts']),
  ],
}
