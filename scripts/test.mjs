// `npm test`: builds, runs the unit, kafka and system suites, and ends with one line: "N passed, N failed, N skipped".
// Without Kafka, tests that need it are skipped with a message; QUORATE_REQUIRE_KAFKA=1 makes that a failure.
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { ROOT } from './sources.mjs'

// By default Jest leaves one core free. Most of a file's time is start-up and waiting, so run two at a time even on one
// core.
const WORKERS = `--maxWorkers=${Math.max(2, availableParallelism())}`
const SUITES = [
  { name: 'unit', options: [WORKERS] },
  { name: 'kafka', options: ['--maxWorkers=2'] },
  // Each starts a dozen real processes.
  { name: 'system', options: ['--maxWorkers=2'] },
]
const chosen = process.argv.slice(2)
if (chosen.length > 0) chosen.push('--passWithNoTests')
const say = (line) => process.stderr.write(`${line}\n`)

/** Returns why there is no Kafka to test against, or undefined. */
function whyNoKafka() {
  if (process.env.KAFKA_BROKERS) return undefined
  const java = spawnSync('java', ['-version'], { encoding: 'utf8' })
  if (java.status !== 0) return 'there is no Java (17 or newer) and KAFKA_BROKERS is not set'
  const version = Number(/version "(\d+)/.exec(java.stderr)?.[1])
  return version < 17 ? `Java is ${version}, Kafka needs 17, and KAFKA_BROKERS is not set` : undefined
}

/** Runs one suite and returns its counts; a run that ends without counts is one failure. */
async function runSuite({ name, options }, folder) {
  say(`\n── ${name} ──`)
  const file = join(folder, `${name}.json`)
  const jest = [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    join(ROOT, 'node_modules/jest/bin/jest.js'),
  ]
  const env = { ...process.env, QUORATE_TEST_COUNTS: file }
  const child = spawn(process.execPath, [...jest, ...chosen, ...options, '--selectProjects', name], {
    cwd: ROOT,
    env,
    stdio: ['ignore', 2, 2],
  })
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => child.kill(signal))
  const code = await new Promise((ended) => child.once('exit', ended))
  const counts = read(file) ?? (code === 0 && chosen.length > 0 ? { passed: 0, failed: 0, skipped: 0 } : undefined)
  if (!counts || (code !== 0 && counts.failed === 0)) {
    say(`the ${name} run ended with code ${code} and no failed test: counted as one failure`)
    return { passed: 0, skipped: 0, ...counts, failed: 1 }
  }
  return counts
}

function read(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return undefined
  }
}

const total = { passed: 0, failed: 0, skipped: 0 }
const add = (counts) => Object.keys(total).forEach((key) => (total[key] += counts[key]))
const folder = mkdtempSync(join(tmpdir(), 'quorate-counts-'))
const built = spawnSync(process.execPath, [join(ROOT, 'scripts/run.mjs'), 'build'], { stdio: ['ignore', 2, 2] })
if (built.status !== 0) add({ passed: 0, failed: 1, skipped: 0 })
else for (const suite of SUITES) add(await runSuite(suite, folder))
rmSync(folder, { recursive: true, force: true })

const reason = whyNoKafka()
if (reason && process.env.QUORATE_REQUIRE_KAFKA === '1') {
  say(`FAILED: QUORATE_REQUIRE_KAFKA=1, but ${reason}`)
  total.failed = Math.max(total.failed, 1)
} else if (reason) say(`SKIPPED: everything that needs a Kafka broker, because ${reason}`)

process.stdout.write(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`)
process.exitCode = total.failed > 0 ? 1 : 0
