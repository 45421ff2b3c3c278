// The Kafka Streams peer and its broker (peer/run.sh), which our own runs use too: both are measured on the same
// broker.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const DIR = join(import.meta.dirname, '..', 'peer')
export const BROKERS = '127.0.0.1:39092'

const run = (command, env = {}) =>
  execFileSync('./run.sh', [command], {
    cwd: DIR,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 1 << 26,
  }).toString()

/** Builds the peer once and starts the broker; answers the broker's pid. */
export function startBroker() {
  if (!existsSync(join(DIR, 'target', 'peer.jar'))) run('build')
  // Detached output: the broker outlives this call.
  execFileSync('bash', ['-c', './run.sh broker >/dev/null 2>&1'], { cwd: DIR })
  return Number(readFileSync(join(DIR, 'data', 'broker.pid'), 'utf8'))
}

/** One workload of the peer, as its JSON lines say. */
export const peer = (workload, env) =>
  run(workload, env)
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))
