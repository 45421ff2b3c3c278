// GET /v1/objects/{id} per second, from the owner and through another instance; wrk where it is installed.
//   node bench/get.mjs [seconds]
import { execFileSync, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startAggregator } from './lib/aggregator.mjs'
import { cpuMs, load, round } from './lib/measure.mjs'
import { startBroker } from './lib/peer.mjs'
import { fill, newPlace } from './lib/place.mjs'
import { PARTITIONS, WORKLOADS } from './lib/workload.mjs'

const seconds = Number(process.argv[2] ?? 10)
if (spawnSync('wrk', ['-v']).error) {
  console.error('wrk is not installed: nothing measured')
  process.exit(0)
}
startBroker()
const place = newPlace('kafka')
const log = await place.open()
await fill(log, place, 'w1')
const port = 18_000 + (process.pid % 1000)
const start = async (name, at) => {
  const app = await startAggregator('aggregator', {
    ...place.env,
    QUORATE_DATA_DIR: join(place.dir, name),
    QUORATE_PORT: String(at),
  })
  await app.said(/partitions assigned/)
  return app
}
const a = await start('a', port)
const ends = (await log.offsets(place.topology.source)).map((p) => p.end)
const { group, source } = place.topology
const PARTS = Array.from({ length: PARTITIONS }, (_, p) => p)
for (;;) {
  const committed = await log.committed(group, source, PARTS)
  if (PARTS.every((p) => (committed.get(p) ?? 0) >= ends[p])) break
  await new Promise((resolve) => setTimeout(resolve, 100))
}

const script = join(place.dir, 'get.lua')
writeFileSync(
  script,
  `math.randomseed(7)\nrequest = function() return wrk.format("GET", "/v1/objects/obj-" .. math.random(0, ${WORKLOADS.w1.objects - 1})) end\n`,
)
function measure(name, at, apps) {
  const run = (s) =>
    execFileSync('wrk', ['-t1', '-c32', `-d${s}s`, '--latency', '-s', script, `http://127.0.0.1:${at}`]).toString()
  run(3)
  const before = apps.reduce((sum, app) => sum + cpuMs(app.pid), 0)
  const out = run(seconds)
  const cpu = apps.reduce((sum, app) => sum + cpuMs(app.pid), 0) - before
  const requests = Number(/(\d+) requests in/.exec(out)[1])
  const p = (q) => new RegExp(`${q}%\\s+(\\S+)`).exec(out)[1]
  const errors = Number(/Non-2xx or 3xx responses: (\d+)/.exec(out)?.[1] ?? 0)
  const perS = Number(/Requests\/sec:\s+([\d.]+)/.exec(out)[1])
  console.log(
    JSON.stringify({
      run: name,
      getPerS: Math.round(perS),
      p50: p(50),
      p99: p(99),
      errors,
      cpuUsPerGet: round((cpu * 1000) / requests, 1),
      load: load(),
    }),
  )
}
measure('local', port, [a])
const b = await start('b', port + 1)
await b.said(/every assigned partition is restored/)
// Half of the objects are the other's: one hop.
measure('half forwarded', port + 1, [a, b])
await b.stop()
await a.stop()
await log.close()
place.remove()
