// One real aggregator process of the built product, and a log of our own beside it to fill and to watch.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const ROOT = join(import.meta.dirname, '..', '..')
const require = createRequire(import.meta.url)
export const built = (path) => require(join(ROOT, 'dist', path))

export async function openLog(kind, place) {
  if (kind === 'embedded') return built('libs/log/embedded/index.js').openEmbeddedLog({ dir: place.dir })
  return built('libs/log/kafka/index.js').openKafkaLog({ brokers: place.brokers.split(','), clientId: 'bench' })
}

/** For the process under measurement, e.g. `BENCH_NODE_ARGS='--cpu-prof --cpu-prof-dir=/tmp/profiles'`. */
const NODE_ARGS = process.env.BENCH_NODE_ARGS?.split(' ') ?? []

/** Starts the process; resolves once it says that it listens. `env` decides everything else. */
export async function startAggregator(app, env) {
  const main = join(ROOT, 'dist', 'apps', app, 'src', 'main.js')
  const child = spawn(process.execPath, ['--enable-source-maps', ...NODE_ARGS, main], {
    env: { PATH: process.env.PATH, QUORATE_LOG_LEVEL: 'info', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const lines = []
  const waiting = new Set()
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line)
      for (const { pattern, resolve } of waiting) if (pattern.test(line)) resolve(line)
    })
  child.on('exit', (code) => {
    if (code) process.stderr.write(`${lines.slice(-20).join('\n')}\n`)
  })
  return {
    pid: child.pid,
    lines,
    said: (pattern) =>
      lines.find((l) => pattern.test(l)) ?? new Promise((resolve) => waiting.add({ pattern, resolve })),
    stop: async (signal = 'SIGTERM') => {
      if (child.exitCode !== null) return
      child.kill(signal)
      await once(child, 'exit')
    },
  }
}
