// How long a partition stands still when its owner is killed, and when it stops cleanly: three real aggregators, one
// standby each. A report that changes the state of its object goes to every partition each 50 ms; what is measured is
// the pause in the sink as a read_committed reader sees it, from the signal on, and the time until a survivor answers
// for that object again.
//   node bench/takeover.mjs [kills] [clean stops] [reports of state before]
import { join } from 'node:path'
import { startAggregator } from './lib/aggregator.mjs'
import { load, quantile, round } from './lib/measure.mjs'
import { startBroker } from './lib/peer.mjs'
import { fillTopics, newPlace } from './lib/place.mjs'
import { PARTITIONS, reports } from './lib/workload.mjs'
import { partition as partitionOf } from './peer/gen.mjs'

const [kills = 20, stops = 5, state = 100_000] = process.argv.slice(2).map(Number)
/** ms between two reports of a probe. */
const EVERY = 50
/** ms for standbys to catch up once everything flows. */
const QUIET = 4_000
const PARTS = Array.from({ length: PARTITIONS }, (_, p) => p)
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

startBroker()
const place = newPlace('kafka')
const log = await place.open()
await fillTopics(log, place)
const { source: topic, outputs } = place.topology
let records = []
let count = 0
for (const report of reports('w1')) {
  records.push({ topic, ...report })
  if (++count >= state) break
  if (records.length >= 10_000) await log.append(records.splice(0))
}
await log.append(records)

const NAMES = ['a', 'b', 'c']
const base = 21_000 + (process.pid % 1000) * NAMES.length
const portOf = (name) => base + NAMES.indexOf(name)
const running = new Map()
async function start(name) {
  const env = { ...place.env, QUORATE_DATA_DIR: join(place.dir, name), QUORATE_PORT: String(portOf(name)) }
  running.set(name, await startAggregator('aggregator', env))
  while (!(await fetch(`http://127.0.0.1:${portOf(name)}/readyz`).catch(() => undefined))?.ok) await sleep(100)
}
// Nothing is left behind, whatever goes wrong.
process.on('exit', () => {
  for (const { pid } of running.values()) process.kill(pid, 'SIGKILL')
})

// One probe in each partition: an agent that says up and down in turns, and when its change was last seen in the sink.
const probes = PARTS.map((p) => {
  for (let i = 0; ; i++) if (partitionOf(`probe-${i}`, PARTITIONS) === p) return `probe-${i}`
})
const seenAt = PARTS.map(() => 0)
let open = true
const ends = await log.offsets(outputs.states)
const readers = ends.map(({ partition, end }) => log.reader({ topic: outputs.states, partition, from: end }))
const reading = readers.map(async (reader, p) => {
  while (open) {
    const batch = await reader.next()
    if (batch.records.some(({ key }) => key?.toString() === probes[p])) seenAt[p] = performance.now()
  }
})
let seq = 0
const telling = setInterval(() => {
  const value = JSON.stringify({ agent: 'probe', state: seq % 2 ? 'up' : 'down', seq: ++seq })
  void log.append(probes.map((key, partition) => ({ topic, partition, key, value })))
}, EVERY)

async function flowing() {
  const from = performance.now()
  while (seenAt.some((at) => at < from)) await sleep(20)
}

async function ownedBy(name) {
  const other = NAMES.find((n) => n !== name && running.has(n))
  const { partitions } = await (await fetch(`http://127.0.0.1:${portOf(other)}/v1/cluster`)).json()
  return partitions
    .filter(({ owner }) => owner === `http://127.0.0.1:${portOf(name)}`)
    .map(({ partition }) => partition)
}

/** By partition: the longest pause in the sink from now on (ms), and the time until a survivor answers for it. */
async function pauses(parts, survivor, dead) {
  const t0 = performance.now()
  const longest = new Map(parts.map((p) => [p, 0]))
  const watching = setInterval(() => {
    for (const p of parts) longest.set(p, Math.max(longest.get(p), performance.now() - seenAt[p]))
  }, 5)
  const served = async (p) => {
    for (;;) {
      const answer = await fetch(`http://127.0.0.1:${portOf(survivor)}/v1/objects/${probes[p]}`).catch(() => undefined)
      await answer?.arrayBuffer()
      if (answer?.status === 404) throw new Error(`partition ${p}: 404 of what exists`)
      if (answer?.status === 200 && answer.headers.get('quorate-owner') !== dead) return performance.now() - t0
      await sleep(10)
    }
  }
  const answered = await Promise.all(parts.map(served))
  while (parts.some((p) => performance.now() - seenAt[p] > 10 * EVERY)) await sleep(20)
  await sleep(1_000)
  clearInterval(watching)
  return parts.map((p, i) => ({ pause: longest.get(p), served: answered[i] }))
}
await Promise.all(NAMES.map(start))
await flowing()
await sleep(QUIET)

async function endOne(signal, n) {
  const victim = NAMES[n % NAMES.length]
  const survivor = NAMES[(n + 1) % NAMES.length]
  const parts = await ownedBy(victim)
  const app = running.get(victim)
  const dead = `http://127.0.0.1:${portOf(victim)}`
  running.delete(victim)
  const stopped = app.stop(signal)
  const found = await pauses(parts, survivor, dead)
  await stopped
  await flowing()
  await start(victim)
  await flowing()
  await sleep(QUIET)
  return found
}

function tell(run, found) {
  const of = (field) => found.map((f) => f[field]).sort((x, y) => x - y)
  const figures = (sorted) => ({ p50: round(quantile(sorted, 0.5) / 1000), max: round(sorted.at(-1) / 1000) })
  const inS = { processedAgain: figures(of('pause')), servedAgain: figures(of('served')) }
  console.log(JSON.stringify({ run, partitions: found.length, s: inS, load: load() }))
}

const killed = []
for (let n = 0; n < kills; n++) killed.push(...(await endOne('SIGKILL', n)))
if (killed.length) tell(`takeover after ${kills} kills`, killed)
const handed = []
for (let n = 0; n < stops; n++) handed.push(...(await endOne('SIGTERM', n)))
if (handed.length) tell(`hand-over after ${stops} clean stops`, handed)

clearInterval(telling)
open = false
await Promise.all(reading)
for (const app of running.values()) await app.stop()
running.clear()
await log.close()
place.remove()
