// Reports by HTTP in bulk: from the first byte of one streamed NDJSON body to its answer, of one instance.
//   node bench/bulk.mjs [aggregator|standalone] [w1|w2] [reports] [runs]
import { Readable } from 'node:stream'
import { startAggregator } from './lib/aggregator.mjs'
import { cpuMs, load, peakMb, round } from './lib/measure.mjs'
import { startBroker } from './lib/peer.mjs'
import { newPlace } from './lib/place.mjs'
import { reports } from './lib/workload.mjs'

const [app = 'aggregator', workload = 'w1', count = '200000', runs = '3'] = process.argv.slice(2)
const CHUNK_LINES = 500

function* body() {
  let lines = ''
  let n = 0
  for (const { key, value } of reports(workload)) {
    lines += `{"object":"${key}",${value.slice(1)}\n`
    if (++n % CHUNK_LINES === 0) {
      yield lines
      lines = ''
    }
    if (n === Number(count)) break
  }
  yield lines
}

if (app === 'aggregator') startBroker()
for (let i = 0; i < Number(runs); i++) {
  const place = newPlace(app === 'aggregator' ? 'kafka' : 'embedded')
  const instance = await startAggregator(app, { ...place.env, QUORATE_PORT: '0' })
  try {
    const url = /https?:\/\/127\.0\.0\.1:\d+/.exec(await instance.said(/https?:\/\/127\.0\.0\.1:\d+/))[0]
    while (!(await fetch(`${url}/readyz`)).ok) await new Promise((resolve) => setTimeout(resolve, 100))
    const [cpu, at] = [cpuMs(instance.pid), performance.now()]
    const response = await fetch(`${url}/v1/reports`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson' },
      body: Readable.from(body()),
      duplex: 'half',
    })
    const answer = await response.json()
    const seconds = (performance.now() - at) / 1000
    if (answer.accepted !== Number(count)) throw new Error(`${response.status} ${JSON.stringify(answer).slice(0, 500)}`)
    const figures = {
      run: 'bulk',
      app,
      workload,
      reportsPerS: Math.round(answer.accepted / seconds),
      cpuUsPerReport: round(((cpuMs(instance.pid) - cpu) * 1000) / answer.accepted),
      peakRssMb: peakMb(instance.pid),
      load: load(),
    }
    console.log(JSON.stringify(figures))
  } finally {
    await instance.stop()
    place.remove()
  }
}
