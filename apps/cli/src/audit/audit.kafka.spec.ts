import 'reflect-metadata'
import { Writable } from 'node:stream'
import { QuorateClient } from '@quorate/client'
import { loadConfig } from '@quorate/config'
import { topicNames } from '@quorate/contracts'
import type { Running } from '@quorate/http'
import { type Log, partitionOf, silentLogger } from '@quorate/log'
import { openKafkaLog } from '@quorate/log/kafka'
import { startAggregator } from '../../../aggregator/src/bootstrap'
import { describeKafka, sharedBrokers, unique } from '../../../../test/broker'
import { runSimulate } from '../simulate'
import { runAudit } from './audit'

const PARTITIONS = 3

describeKafka('an audit on Apache Kafka', () => {
  const prefix = unique('audit')
  const names = topicNames(prefix)
  let log: Log
  let server: Running
  let client: QuorateClient

  beforeAll(async () => {
    const brokers = sharedBrokers()
    log = await openKafkaLog({ brokers, clientId: prefix, ssl: false, logger: silentLogger })
    const argv = ['--port', '0', '--data-dir', ':memory:', '--log-level', 'silent', '--partitions', String(PARTITIONS)]
    const env = { KAFKA_BROKERS: brokers.join(','), QUORATE_TOPIC_PREFIX: prefix, QUORATE_REPLICATION: '1' }
    server = await startAggregator(loadConfig('aggregator', { argv, env, readFile: () => '' }))
    client = new QuorateClient({ url: server.url, retries: 30 })
    await client.page({ partial: 'refuse' })
  }, 60_000)
  afterAll(async () => {
    await server?.close()
    await log?.close()
  }, 60_000)

  const output = () => {
    let text = ''
    return {
      to: new Writable({ write: (chunk, _encoding, done) => ((text += String(chunk)), done()) }),
      read: () => text,
    }
  }
  async function audit() {
    const said = output()
    const code = await runAudit({ log, client, prefix, applicationId: 'aggregator', output: said.to })
    return { code, text: said.read() }
  }

  it('finds a match despite holes and invalid records, then damage; and the replay agrees', async () => {
    await client.putPolicy('sites', { match: 'site/**', ttl: 600 })
    const objects = Array.from({ length: 20 }, (_, i) => `site/${i}`)
    for (const agent of ['a', 'b', 'c'])
      await client.reportAll(objects.map((object) => ({ object, agent, state: agent === 'c' ? 'down' : 'up' })))
    const partition = partitionOf('site/0', PARTITIONS)
    await log.append([
      { topic: names.reports, partition, key: 'site/0', value: 'rubbish' },
      {
        topic: names.reports,
        partition: (partition + 1) % PARTITIONS,
        key: 'site/0',
        value: '{"agent":"d","state":"up"}',
      },
    ])
    for (const object of objects) await client.report(object, 'e', { state: 'up' }, { wait: 10 })
    await client.report('site/0', 'e', { state: 'up' }, { wait: 10 })
    expect(await audit()).toEqual({
      code: 0,
      text: 'SAME  3 partitions, 20 objects: store, changelog and sink match the source.\n',
    })

    const replayed = output()
    await runSimulate({ input: { log, topic: names.reports }, output: replayed.to, errors: replayed.to })
    const events = replayed
      .read()
      .split('\n')
      .filter((line) => line.includes('"event"'))
    const ends = await log.offsets(names.states)
    expect(events.length).toBeGreaterThanOrEqual(20)
    expect(ends.reduce((sum, { end }) => sum + end, 0)).toBeGreaterThanOrEqual(events.length)
    expect(events.every((line) => [0, 1, 2].includes((JSON.parse(line) as { partition: number }).partition))).toBe(true)

    await log.append([{ topic: names.changelog('aggregator'), partition, key: 'object/site/0', value: null }])
    const { code, text } = await audit()
    expect([code, text]).toEqual([1, expect.stringMatching(/^DIFFERENT {2}partition \d, site\/0: it is missing/)])
  }, 120_000)
})
