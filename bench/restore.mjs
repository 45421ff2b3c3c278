// Rows/s of a restore: the state of a drained workload, the data directory deleted, the process started again.
//   node bench/restore.mjs [w2|w1] [runs]
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { startAggregator } from './lib/aggregator.mjs'
import { cpuMs, load, peakMb, round } from './lib/measure.mjs'
import { startBroker } from './lib/peer.mjs'
import { fill, newPlace } from './lib/place.mjs'
import { PARTITIONS } from './lib/workload.mjs'

const [workload = 'w2', runs = '3'] = process.argv.slice(2)
const PARTS = Array.from({ length: PARTITIONS }, (_, p) => p)
startBroker()
const place = newPlace('kafka')
const log = await place.open()
await fill(log, place, workload)
const env = { ...place.env, QUORATE_PORT: String(18_000 + (process.pid % 1000)) }
const { group, source, changelog } = place.topology

const first = await startAggregator('aggregator', env)
const ends = (await log.offsets(source)).map((p) => p.end)
const left = async () => {
  const committed = await log.committed(group, source, PARTS)
  return PARTS.some((p) => (committed.get(p) ?? 0) < ends[p])
}
while (await left()) await new Promise((resolve) => setTimeout(resolve, 50))
await first.stop()
const rows = (await log.offsets(changelog)).reduce((sum, p) => sum + p.end - p.start, 0)

for (let i = 0; i < Number(runs); i++) {
  rmSync(join(place.dir, 'aggregator'), { recursive: true, force: true })
  const t0 = performance.now()
  const app = await startAggregator('aggregator', env)
  await app.said(/partitions assigned/)
  const assigned = performance.now()
  const cpu = cpuMs(app.pid)
  await app.said(/every assigned partition is restored/)
  const done = performance.now()
  console.log(
    JSON.stringify({
      run: 'restore',
      workload,
      rows,
      startToReadyS: round((done - t0) / 1000),
      restoreS: round((done - assigned) / 1000),
      rowsPerS: Math.round(rows / ((done - assigned) / 1000)),
      rowsPerSFromStart: Math.round(rows / ((done - t0) / 1000)),
      cpuS: round(cpuMs(app.pid) / 1000),
      cpuUsPerRow: round(((cpuMs(app.pid) - cpu) * 1000) / rows),
      peakRssMb: peakMb(app.pid),
      load: load(),
    }),
  )
  await app.stop()
}
await log.close()
place.remove()
