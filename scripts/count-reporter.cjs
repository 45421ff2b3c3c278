const { writeFileSync } = require('node:fs')

/** Writes the run's own counts to the file named in its options, for the closing line of `npm test`. */
module.exports = class CountReporter {
  constructor(_config, { file }) {
    this.file = file
  }

  onRunComplete(_contexts, results) {
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, numRuntimeErrorTestSuites } = results
    const counts = {
      passed: numPassedTests,
      // A file that cannot be loaded has no tests to count: it is one failure.
      failed: numFailedTests + numRuntimeErrorTestSuites,
      skipped: numPendingTests + numTodoTests,
    }
    writeFileSync(this.file, JSON.stringify(counts))
  }
}
