// CPU µs per change in the notifier, from the sink topic to the written outcome: 10,000 objects change at once, or
// 50,000.
//   [SHORT=10000 LONG=50000] node bench/notifier.mjs [console|webhook] [runs]
// npm start's process on the embedded log, its aggregator idle. Two runs of different length: `first` is what the
// shorter one costs over a start with an empty sink (a cold program), `steady` what each change of the longer one costs
// more. For `webhook` the HTTP client is part of the figure.
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { built, openLog, startAggregator } from './lib/aggregator.mjs'
import { cpuMs, load, peakMb, round } from './lib/measure.mjs'

const PARTITIONS = 8
const SHORT = Number(process.env.SHORT ?? 10_000)
const LONG = Number(process.env.LONG ?? 50_000)
const [receiver = 'console', runs = '3'] = process.argv.slice(2)
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

const { encodeChange, eventId } = built('libs/contracts/src/index.js')
const { partitionOf } = built('libs/log/src/index.js')
const { notifierTopology } = built('apps/notifier/src/topology.js')

/** Every object goes down. */
function* changes(topic, now, objects) {
  for (let i = 0; i < objects; i++) {
    const object = `site/${i}`
    const state = 'down'
    const revision = 1
    const data = {
      object,
      incarnation: 0,
      version: revision,
      revision,
      state,
      from: 'up',
      voted: state,
      since: now,
      decidedAt: now,
      cause: 'vote',
      trigger: { type: 'report', agent: 'agent-1', offset: i },
      contested: false,
      stale: false,
      flapping: false,
      divergent: false,
      override: null,
      tally: { [state]: 3 },
      participants: 3,
      electorate: 3,
      quorum: 2,
      rule: 'majority',
      policy: 'default',
      incident: null,
    }
    const change = { type: 'object.changed', id: eventId(object, 0, revision), time: now, subject: object, data }
    yield { topic, partition: partitionOf(object, PARTITIONS), ...encodeChange(change, '/bench/aggregator') }
  }
}

async function run(objects, hook) {
  if (hook) hook.count = 0
  const dir = mkdtempSync(join(tmpdir(), 'quorate-bench-'))
  const prefix = `bench-${process.pid}`
  try {
    const topology = notifierTopology({ prefix, applicationId: 'notifier', partitions: PARTITIONS })
    const log = await openLog('embedded', { dir: join(dir, 'log') })
    await log.ensureTopics(topology.topics, { replication: 1 })
    const records = [...changes(topology.source, Date.now(), objects)]
    for (let at = 0; at < records.length; at += 5_000) await log.append(records.slice(at, at + 5_000))
    await log.close()
    const app = await startAggregator('standalone', {
      QUORATE_DATA_DIR: dir,
      QUORATE_TOPIC_PREFIX: prefix,
      QUORATE_PARTITIONS: String(PARTITIONS),
      QUORATE_PORT: String(18_000 + (process.pid % 1000)),
      ...(hook ? { QUORATE_WEBHOOK_URL: hook.url } : {}),
    })
    try {
      await app.said(/listens/)
      const begun = performance.now()
      const told = () => (hook ? hook.count : app.lines.filter((line) => line.includes('site/')).length)
      while (told() < records.length) await pause(20)
      const seconds = (performance.now() - begun) / 1000
      await quiet(app.pid)
      return { cpu: cpuMs(app.pid), seconds, peakRssMb: peakMb(app.pid) }
    } finally {
      await app.stop()
    }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

/** Until outcomes are written, too: half a second that costs no more than one tick of the CPU's clock. */
async function quiet(pid) {
  for (let before = -1; cpuMs(pid) - before > 10;) {
    before = cpuMs(pid)
    await pause(500)
  }
}

async function listen() {
  const hook = { count: 0 }
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      hook.count++
      response.end()
    })
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return Object.assign(hook, { url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() })
}

for (let i = 0; i < Number(runs); i++) {
  const hook = receiver === 'webhook' ? await listen() : undefined
  const empty = await run(0, hook)
  const short = await run(SHORT, hook)
  const long = await run(LONG, hook)
  hook?.close()
  const first = round(((short.cpu - empty.cpu) * 1000) / SHORT, 1)
  const steady = round(((long.cpu - short.cpu) * 1000) / (LONG - SHORT), 1)
  const changesPerS = Math.round(LONG / long.seconds)
  console.log(
    JSON.stringify({
      run: 'notifier',
      receiver,
      cpuUsPerChange: { first, steady },
      changesPerS,
      peakRssMb: long.peakRssMb,
      load: load(),
    }),
  )
}
