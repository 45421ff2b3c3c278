import { join } from 'node:path'
import { partitionOf } from '@quorate/log'
import { describeKafka, kafkaTool } from '../broker'
import { audited } from './auditing'
import { KafkaCluster } from './cluster'
import { type App, ROOT } from './harness'
import { run } from './process'
import { say } from './run-length'
import { until } from './until'

const GROWN = 6

describeKafka('partitions are added to the source', () => {
  let cluster: KafkaCluster
  let app: App
  const objects = Array.from({ length: 40 }, (_, i) => `site/${i}`)
  const views = new Map<string, { incarnation: number; version: number; participants: number }>()

  beforeAll(async () => {
    cluster = new KafkaCluster()
    app = await cluster.start('aggregator', 'one')
    await app.client.putPolicy('long', { match: '**', ttl: 86_400, memory: 86_400 })
    for (const object of objects) await app.client.report(object, 'a', { state: 'up' })
    await cluster.caughtUp(app)
    for (const object of objects) views.set(object, (await app.client.get(object)).view)
  }, 120_000)
  afterAll(() => cluster?.close(), 60_000)

  it('a running instance notices, stops deciding and says what to do', async () => {
    await kafkaTool('org.apache.kafka.tools.TopicCommand', [
      ...['--bootstrap-server', cluster.brokers.join(','), '--alter'],
      ...['--topic', cluster.topics.reports, '--partitions', String(GROWN)],
    ])
    const line = await app.process.line(/STREAMS_SOURCE_GROWN/)
    expect(line).toContain(`quorate reshard --partitions ${GROWN} --to`)
    await until('it is not live', async () => (await app.call('GET', '/livez')).status === 503)
    expect((await app.call('GET', '/readyz')).status).toBe(503)
    const answer = await app.call('GET', '/v1/objects/site%2F0')
    expect([answer.status, answer.json.type]).toEqual([503, expect.any(String)])
    expect(await app.process.stop()).toEqual({ code: 0, signal: null })
  }, 60_000)

  it('a start is refused with the same message', async () => {
    const again = await cluster.launch('aggregator', 'one')
    expect((await again.process.exited).code).toBe(1)
    expect(again.process.output).toMatch(/is 6, must be 4[^]*quorate reshard/)
  }, 60_000)

  it('a reshard moves what was appended meanwhile, also in the new partitions', async () => {
    const log = await cluster.log()
    const topic = cluster.topics.reports
    const value = JSON.stringify({ agent: 'b', state: 'up' })
    await log.append(objects.map((key) => ({ topic, partition: partitionOf(key, GROWN), key, value })))
    const to = `${cluster.prefix}.grown`
    const { code, process: cli } = await run(process.execPath, {
      args: [join(ROOT, 'dist/apps/cli/src/main.js'), 'reshard', '--partitions', String(GROWN), '--to', to],
      env: cluster.settings,
    })
    expect([code, cli.stderr]).toEqual([0, []])
    for (const line of cli.stdout) say(line)
    const env = { QUORATE_TOPIC_PREFIX: to, QUORATE_PARTITIONS: String(GROWN) }
    const moved = await cluster.start('aggregator', 'moved', { env })
    for (const object of objects) {
      const view = await until(`${object} has both reports`, async () => {
        const found = (await moved.client.get(object)).view
        return found.participants === 2 && found
      })
      const { incarnation, version } = views.get(object)!
      expect(view).toMatchObject({ incarnation, version, state: 'up' })
    }
    say(await audited({ brokers: cluster.brokers, prefix: to, by: moved }))
  }, 120_000)
})
