// Reports/s and CPU µs per report from a filled source topic to the committed end.
//   node bench/drain.mjs [w1|w2|w1x5] [kafka|embedded] [runs]
import { startAggregator } from './lib/aggregator.mjs'
import { between, load, peakMb, snapshot } from './lib/measure.mjs'
import { startBroker } from './lib/peer.mjs'
import { fill, newPlace } from './lib/place.mjs'
import { check, PARTITIONS, WORKLOADS } from './lib/workload.mjs'

const [workload = 'w1', kind = 'kafka', runs = '3'] = process.argv.slice(2)
const PARTS = Array.from({ length: PARTITIONS }, (_, p) => p)
const expected = WORKLOADS[workload].reports + PARTITIONS // the policy is a record of each partition

const total = (offsets) => [...offsets.values()].reduce((sum, offset) => sum + offset, 0)
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

async function drain(broker) {
  const place = newPlace(kind)
  const log = await place.open()
  await fill(log, place, workload)
  // The embedded log belongs to one process: there the process itself says how far it is.
  if (kind === 'embedded') await log.close()
  const app = await startAggregator(kind === 'kafka' ? 'aggregator' : 'standalone', {
    ...place.env,
    QUORATE_PORT: String(18_000 + (process.pid % 1000)),
  })
  try {
    await app.said(/partitions assigned/)
    const first = snapshot(app.pid, broker)
    const done =
      kind === 'kafka'
        ? () => log.committed(place.topology.group, place.topology.source, PARTS).then(total)
        : () => applied(app)
    let half
    for (;;) {
      const at = await done()
      if (!half && at >= expected / 2) half = { ...snapshot(app.pid, broker), reports: at }
      if (at >= expected) break
      await pause(20)
    }
    const end = snapshot(app.pid, broker)
    const { reports } = WORKLOADS[workload]
    return {
      run: workload,
      log: kind,
      ...between(first, end, reports),
      secondHalf: between(half, end, expected - half.reports),
      peakRssMb: peakMb(app.pid),
      load: load(),
    }
  } finally {
    await app.stop()
    if (kind === 'kafka') await log.close()
    place.remove()
  }
}

/** Sum of the positions that /v1/cluster tells. */
async function applied(app) {
  const line = await app.said(/https?:\/\/127\.0\.0\.1:\d+/)
  const url = /https?:\/\/127\.0\.0\.1:\d+/.exec(line)[0]
  const { partitions } = await (await fetch(`${url}/v1/cluster`)).json()
  return partitions.reduce((sum, { position }) => sum + (position ?? 0), 0)
}

check(workload === 'w1x5' ? 'w1' : workload)
const broker = kind === 'kafka' ? startBroker() : undefined
for (let i = 0; i < Number(runs); i++) console.log(JSON.stringify(await drain(broker)))
