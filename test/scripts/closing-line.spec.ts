import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const ROOT = join(__dirname, '..', '..')

/** Runs Jest over files in a separate folder, with the reporter whose counts `npm test` sums up. */
function countsOf(files: Record<string, string>): unknown {
  const folder = mkdtempSync(join(tmpdir(), 'quorate-counting-'))
  try {
    const counts = join(folder, 'counts.json')
    const reporter = [join(ROOT, 'scripts/count-reporter.cjs'), { file: counts }]
    const config = { rootDir: folder, testMatch: ['**/*.test.js'], transform: {}, reporters: [reporter] }
    writeFileSync(join(folder, 'jest.config.json'), JSON.stringify(config))
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
    spawnSync(
      process.execPath,
      [join(ROOT, 'node_modules/jest/bin/jest.js'), '-c', join(folder, 'jest.config.json'), '-i'],
      { cwd: folder },
    )
    return JSON.parse(readFileSync(counts, 'utf8'))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

describe('the counts of a run', () => {
  it('are what passed, failed and was skipped, with todos among the skipped', () => {
    // The text of another test file, with one test of each kind: a skipped one and a todo are what is counted here.
    const text =
      "test('a', () => {}); test('b', () => { throw new Error('b') }); test.skip('c', () => {}); " +
      "test.todo('d'); test('e', () => {})"
    expect(countsOf({ 'some.test.js': text })).toEqual({ passed: 2, failed: 1, skipped: 2 })
  }, 30_000)

  it('count a file that cannot be loaded as a failure', () => {
    expect(countsOf({ 'broken.test.js': 'throw new Error("no")', 'good.test.js': `test('a', () => {})` })).toEqual({
      passed: 1,
      failed: 1,
      skipped: 0,
    })
  }, 30_000)
})
