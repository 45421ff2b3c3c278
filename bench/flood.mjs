// A flood: objects change at once, one in ten of them twice, and are told by a webhook each and by mail as one group.
//   node bench/flood.mjs [objects]      50,000 by default
// npm start's process on the embedded log, its aggregator idle; the sink is full when it starts, so the flood comes as
// fast as it is read. Prints one line: CPU µs per change (start-up left out), changes/s until all webhooks were
// delivered, peak memory, mails, and whether the webhooks of each object came in order, each under one id.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { built, openLog, startAggregator } from './lib/aggregator.mjs'
import { cpuMs, load, peakMb, round } from './lib/measure.mjs'

const require = createRequire(import.meta.url)
const { SMTPServer } = require('smtp-server')
const { encodeChange, eventId } = built('libs/contracts/src/index.js')
const { partitionOf } = built('libs/log/src/index.js')
const { notifierTopology } = built('apps/notifier/src/topology.js')

const OBJECTS = Number(process.argv[2] ?? 50_000)
const PARTITIONS = 8
const GROUP_WAIT_S = 10
const PATIENCE_MS = 600_000
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

function change(topic, object, revision, state, now) {
  const data = {
    object, incarnation: 0, version: revision, revision, state, from: 'up', voted: state, since: now, decidedAt: now, cause: 'vote',
    trigger: { type: 'report', agent: 'agent-1', offset: revision }, contested: false, stale: false, flapping: false, divergent: false,
    override: null, tally: { [state]: 3 }, participants: 3, electorate: 3, quorum: 2, rule: 'majority', policy: 'default', incident: null,
  } // prettier-ignore
  const told = { type: 'object.changed', id: eventId(object, 0, revision), time: now, subject: object, data }
  return { topic, partition: partitionOf(object, PARTITIONS), ...encodeChange(told, '/bench/aggregator') }
}

function flood(topic) {
  const now = Date.now()
  const objects = Array.from({ length: OBJECTS }, (_, i) => `site/${i}`)
  const first = objects.map((object) => change(topic, object, 1, 'down', now))
  const second = objects.filter((_, i) => i % 10 === 0).map((object) => change(topic, object, 2, 'degraded', now))
  return [...first, ...second]
}

/** Receives webhooks: which revisions of each object came, in order of arrival, and under which ids. */
async function webhooks() {
  const seen = { revisions: new Map(), ids: new Map(), inOrder: true, repeated: 0 }
  const server = createServer((request, response) => {
    const chunks = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      const { object, revision } = JSON.parse(Buffer.concat(chunks).toString('utf8')).data
      const id = request.headers['webhook-id']
      const place = `${object} ${revision}`
      if (seen.ids.has(place)) seen.repeated++
      if (seen.ids.has(place) ? seen.ids.get(place) !== id : revision !== (seen.revisions.get(object) ?? 0) + 1)
        seen.inOrder = false
      seen.ids.set(place, id)
      seen.revisions.set(object, Math.max(revision, seen.revisions.get(object) ?? 0))
      response.writeHead(204).end()
    })
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return Object.assign(seen, {
    url: `http://127.0.0.1:${server.address().port}/`,
    close: () => server.closeAllConnections() ?? server.close(),
  })
}

async function mails() {
  const caught = []
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    onData(stream, _session, done) {
      const chunks = []
      stream.on('data', (chunk) => chunks.push(chunk))
      stream.on('end', () => {
        caught.push(Buffer.concat(chunks).toString('utf8'))
        done()
      })
    },
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { caught, port: server.server.address().port, close: () => new Promise((resolve) => server.close(resolve)) }
}

/** YAML takes JSON. */
const configuration = (hook, mail) => ({
  notify: {
    receivers: [
      {
        name: 'hook',
        endpoints: [{ channel: 'webhook', settings: { url: hook.url, allowAddresses: ['127.0.0.0/8'] } }],
      },
      {
        name: 'mail',
        endpoints: [
          {
            channel: 'email',
            settings: {
              host: '127.0.0.1',
              port: mail.port,
              tls: 'none',
              from: 'quorate@example.com',
              to: 'ops@example.com',
              allowAddresses: ['127.0.0.0/8'],
            },
          },
        ],
      },
    ],
    routes: {
      receiver: 'hook',
      routes: [
        { name: 'each', receiver: 'hook', continue: true, groupWait: 0, groupInterval: 0, quiet: [] },
        { name: 'together', receiver: 'mail', groupBy: ['policy'], groupWait: GROUP_WAIT_S, groupInterval: '1h' },
      ],
    },
  },
})

async function until(holds) {
  const deadline = Date.now() + PATIENCE_MS
  while (!holds()) {
    if (Date.now() > deadline) throw new Error('the flood was not delivered in time')
    await pause(20)
  }
}

const dir = mkdtempSync(join(tmpdir(), 'quorate-flood-'))
const [hook, mail] = await Promise.all([webhooks(), mails()])
let app
try {
  const prefix = `flood-${process.pid}`
  const topology = notifierTopology({ prefix, applicationId: 'notifier', partitions: PARTITIONS })
  const log = await openLog('embedded', { dir: join(dir, 'log') })
  await log.ensureTopics(topology.topics, { replication: 1 })
  const records = flood(topology.source)
  for (let at = 0; at < records.length; at += 5_000) await log.append(records.slice(at, at + 5_000))
  await log.close()
  const config = join(dir, 'quorate.yaml')
  writeFileSync(config, JSON.stringify(configuration(hook, mail)))
  app = await startAggregator('standalone', {
    QUORATE_DATA_DIR: dir,
    QUORATE_CONFIG: config,
    QUORATE_TOPIC_PREFIX: prefix,
    QUORATE_PARTITIONS: String(PARTITIONS),
    QUORATE_PORT: String(19_000 + (process.pid % 1000)),
  })
  await app.said(/listens/)
  const [begun, cpuBefore] = [performance.now(), cpuMs(app.pid)]
  await until(() => hook.ids.size >= records.length)
  const seconds = (performance.now() - begun) / 1000
  await until(() => mail.caught.length > 0)
  // Another mail of the same group would follow within the wait.
  await pause(2_000)
  const cpu = cpuMs(app.pid) - cpuBefore
  console.log(
    JSON.stringify({
      run: 'flood',
      objects: OBJECTS,
      webhooks: hook.ids.size,
      repeated: hook.repeated,
      inOrder: hook.inOrder,
      mails: mail.caught.length,
      subject: /^Subject: (.*)$/m.exec(mail.caught[0])?.[1],
      cpuUsPerChange: round((cpu * 1000) / records.length, 1),
      changesPerS: Math.round(records.length / seconds),
      allDeliveredAfterS: round(seconds, 1),
      peakRssMb: peakMb(app.pid),
      load: load(),
    }),
  )
} finally {
  await app?.stop()
  hook.close()
  await mail.close()
  rmSync(dir, { recursive: true, force: true })
}
