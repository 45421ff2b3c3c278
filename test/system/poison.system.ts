import { partitionOf } from '@quorate/log'
import { describeKafka } from '../broker'
import { KafkaCluster } from './cluster'
import type { App } from './harness'
import { headersOf, readTopic } from './topic-reading'
import { until } from './until'

const PARTITIONS = 4

describeKafka('poison records between good ones', () => {
  let cluster: KafkaCluster
  let app: App
  beforeAll(async () => {
    cluster = new KafkaCluster()
    app = await cluster.start('aggregator', 'one')
  }, 120_000)
  afterAll(() => cluster?.close(), 60_000)

  const good = (agent: string, state: string) => JSON.stringify({ agent, state })
  const POISON: [
    name: string,
    key: string | null,
    value: Buffer | string | null,
    headers: [string, string][],
    reason: RegExp,
  ][] = [
    ['broken JSON', 'x', '{"agent":"a","state":"up"', [], /JSON/],
    ['bytes that are no UTF-8', 'x', Buffer.from([0xff, 0xfe, 0x00]), [], /./],
    ['a wrong type', 'x', '{"agent":"a","state":7}', [], /state/],
    ['a missing agent', 'x', '{"state":"up"}', [], /agent/],
    ['an unknown field', 'x', '{"agent":"a","state":"up","mood":"grim"}', [], /mood/],
    ['an unknown kind', 'x', '{"agent":"a"}', [['ce_type', 'party']], /party|kind|type/],
    ['two kinds', 'x', '{"type":"leave","agent":"a"}', [['ce_type', 'report']], /type/],
    ['no value', 'x', null, [], /./],
    ['a null key', null, '{"agent":"a","state":"up"}', [], /key/],
    ['a key that is no object id', 'x\u0007', '{"agent":"a","state":"up"}', [], /./],
    ['a megabyte of rubbish', 'x', Buffer.alloc(1_000_000, 'rubbish '), [], /./],
  ]

  it.each(POISON)(
    '%s is a dead letter with its place and reason, and the next good one counts',
    async (name, given, value, headers, reason) => {
      const log = await cluster.log()
      const object = `good/${name}`
      const key = given === null ? null : `${object}${given}`
      const partition = partitionOf(key ?? object, PARTITIONS)
      const topic = cluster.topics.reports
      const before = { topic, partition: partitionOf(object, PARTITIONS), key: object, value: good('a', 'down') }
      const positions = await log.append([
        before,
        { topic, partition, key, value, headers },
        { ...before, value: good('b', 'down') },
      ])
      const { offset } = positions[1]!

      await until('the good ones count', async () => (await app.client.get(object)).view.participants === 2)
      const letter = await until('the dead letter is there', async () => {
        const [letters = []] = await readTopic(log, cluster.topics.deadLetters)
        return letters.find((it) => {
          const { 'quorate-partition': p, 'quorate-offset': o } = headersOf(it)
          return p === String(partition) && o === String(offset)
        })
      })
      expect(headersOf(letter)).toMatchObject({
        'quorate-topic': topic,
        'quorate-partition': String(partition),
        'quorate-offset': String(offset),
        'quorate-reason': expect.stringMatching(reason),
        ...Object.fromEntries(headers),
      })
      expect(letter.key?.toString('utf8') ?? null).toBe(key)
      expect(letter.value?.equals(Buffer.from(value as string)) ?? null).toBe(value === null ? null : true)
    },
  )

  it('nothing else is in the dead letters, and the instance is live and ready', async () => {
    const [letters = []] = await readTopic(await cluster.log(), cluster.topics.deadLetters)
    expect(letters).toHaveLength(POISON.length)
    expect([(await app.call('GET', '/livez')).status, (await app.call('GET', '/readyz')).status]).toEqual([200, 200])
    expect((await app.call('GET', '/metrics')).text).toMatch(/quorate_dead_letters_total\{.*\} [1-9]/)
  })
  it('what is kept is what the source says; a record of a stranger in the sink is not', async () => {
    expect(await cluster.audited(app)).toMatch(/^SAME .*: store, changelog and sink are/)
    const stranger = { topic: cluster.topics.states, partition: 0, key: 'x', value: '{}' }
    await (await cluster.log()).append([stranger])
    await expect(cluster.audited(app)).rejects.toThrow(/x: the event {2}is one that the source does not lead to/)
  })
})
