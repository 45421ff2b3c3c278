// From append() of a report to its event at a read_committed reader, at a steady rate; the peer's W3.
//   node bench/latency.mjs [kafka] [rate per s]
import { startAggregator } from './lib/aggregator.mjs'
import { cpuMs, load, quantile, round } from './lib/measure.mjs'
import { startBroker } from './lib/peer.mjs'
import { fillTopics, newPlace } from './lib/place.mjs'
import { PARTITIONS, reports, WORKLOADS } from './lib/workload.mjs'

const rate = Number(process.argv[2] ?? 2000)
/** Reports that warm up, as the peer's do. */
const WARM = 20_000

startBroker()
const place = newPlace('kafka')
const log = await place.open()
await fillTopics(log, place)
const app = await startAggregator('aggregator', { ...place.env, QUORATE_PORT: String(18_000 + (process.pid % 1000)) })
await app.said(/partitions assigned/)

const n = WORKLOADS.w3.reports
const sent = new Float64Array(n)
const seen = new Float64Array(n)
const sink = place.topology.outputs.states
let open = true
const readers = Array.from({ length: PARTITIONS }, (_, partition) => log.reader({ topic: sink, partition, from: 0 }))
const reading = readers.map(async (reader) => {
  while (open) {
    const { records } = await reader.next()
    const now = performance.now()
    for (const { value } of records) {
      if (!value) continue
      const { trigger } = JSON.parse(value.latin1Slice())
      if (seen[trigger.seq]) throw new Error(`twice: ${value}`)
      seen[trigger.seq] = now
    }
  }
})

await new Promise((resolve) => setTimeout(resolve, 2000))
const cpu0 = cpuMs(app.pid)
const t0 = performance.now()
const sending = new Set()
let seq = 0
// What is due goes at each turn of the timer (1 ms): to wait for the exact moment would take one of the cores from what
// is measured.
let due = []
const send = () => {
  const one = log.append(due).finally(() => sending.delete(one))
  sending.add(one)
  due = []
}
for (const report of reports('w3')) {
  while (t0 + (seq * 1000) / rate > performance.now()) {
    if (due.length > 0) send()
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  sent[seq++] = performance.now()
  due.push({ topic: place.topology.source, ...report })
}
send()
await Promise.all(sending)
const seconds = (sent[n - 1] - sent[0]) / 1000
await new Promise((resolve) => setTimeout(resolve, 2000))
const cpu = cpuMs(app.pid) - cpu0
open = false
for (const reader of readers) reader.close()
await Promise.allSettled(reading)

const ms = [...sent.keys()]
  .filter((i) => i >= WARM && seen[i])
  .map((i) => seen[i] - sent[i])
  .sort((a, b) => a - b)
console.log(
  JSON.stringify({
    run: 'w3',
    log: 'kafka',
    rate: Math.round(n / seconds),
    events: ms.length,
    p50ms: round(quantile(ms, 0.5), 1),
    p95ms: round(quantile(ms, 0.95), 1),
    p99ms: round(quantile(ms, 0.99), 1),
    maxms: round(ms.at(-1), 1),
    appCpuS: round(cpu / 1000),
    load: load(),
  }),
)
await app.stop()
await log.close()
place.remove()
