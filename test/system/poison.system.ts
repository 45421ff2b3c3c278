import type { DeadLetter } from '@quorate/client'
import { partitionOf } from '@quorate/log'
import { describeKafka } from '../broker'
import { KafkaCluster } from './cluster'
import type { App } from './harness'
import { headersOf, readTopic } from './topic-reading'
import { until } from './until'

const PARTITIONS = 4

describeKafka('invalid records between valid ones', () => {
  let cluster: KafkaCluster
  let app: App
  beforeAll(async () => {
    cluster = new KafkaCluster()
    app = await cluster.start('aggregator', 'one')
  }, 120_000)
  afterAll(() => cluster?.close(), 60_000)

  const good = (agent: string, state: string) => JSON.stringify({ agent, state })
  const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
  const electors = (count: number) =>
    Array.from({ length: count }, (_, i) => `agent-${i}`.padEnd(count > 10_000 ? 30 : 45, '-'))
  const POISON: [
    name: string,
    key: string | null,
    value: Buffer | string | null,
    headers: [string, string][],
    reason: RegExp,
  ][] = [
    ['broken JSON', 'x', '{"agent":"a","state":"up"', [], /JSON/],
    ['bytes that are not UTF-8', 'x', Buffer.from([0xff, 0xfe, 0x00]), [], /./],
    ['a wrong type', 'x', '{"agent":"a","state":7}', [], /state/],
    ['a missing agent', 'x', '{"state":"up"}', [], /agent/],
    ['an unknown field', 'x', '{"agent":"a","state":"up","mood":"grim"}', [], /mood/],
    ['an unknown kind', 'x', '{"agent":"a"}', [['ce_type', 'party']], /party|kind|type/],
    ['two kinds', 'x', '{"type":"leave","agent":"a"}', [['ce_type', 'report']], /type/],
    ['no value', 'x', null, [], /./],
    ['a null key', null, '{"agent":"a","state":"up"}', [], /key/],
    ['a key that is not an object id', 'x\u0007', '{"agent":"a","state":"up"}', [], /./],
    ['a megabyte of invalid bytes', 'x', Buffer.alloc(1_000_000, 'rubbish '), [], /./],
    [
      'evidence nested 30,000 deep',
      'x',
      `{"agent":"a","state":"down","evidence":${nested(30_000)}}`,
      [],
      /^\/evidence: must be nested at most 64 deep$/,
    ],
    [
      'a policy with 25,000 electors',
      null,
      JSON.stringify({ name: 'p', match: '**', electorate: electors(25_000) }),
      [['ce_type', 'policy-set']],
      /^\/electorate: /,
    ],
    [
      'a policy of 400 KiB',
      null,
      JSON.stringify({ name: 'p', match: '**', electorate: electors(9_000) }),
      [['ce_type', 'policy-set']],
      /must be at most 393216 bytes/,
    ],
    [
      'an unknown field with a name of a megabyte',
      'x',
      `{"agent":"a","state":"up","${'n'.repeat(1_000_000)}":1}`,
      [],
      /^\/nnn.*…$/,
    ],
  ]

  /** Records whose parts are not stored completely. */
  const OVERSIZED: [name: string, value: string, headers: [string, string][], reason: RegExp, cut: string][] = [
    [
      'a kind of 500 kB',
      '{"agent":"a","state":"up"}',
      [['ce_type', 'v'.repeat(500_000)]],
      /^unknown kind "vvv.*…$/,
      'headers',
    ],
    ['2,000 headers', '{', Array.from({ length: 2_000 }, (_, i) => [`h${i}`, 'x'.repeat(300)]), /JSON/, 'headers'],
  ]

  it.each(POISON)(
    '%s is a dead letter with its place and reason, and the next valid record counts',
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

      await until('the valid ones count', async () => (await app.client.get(object)).view.participants === 2)
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

  it.each(OVERSIZED)(
    '%s: the stored part fits, and the next valid record counts',
    async (name, value, headers, reason, cut) => {
      const log = await cluster.log()
      const object = `good/${name}`
      const topic = cluster.topics.reports
      const partition = partitionOf(object, PARTITIONS)
      const at = { topic, partition, key: object, value: good('a', 'down') }
      const positions = await log.append([at, { ...at, value, headers }, { ...at, value: good('b', 'down') }])
      await until('the valid ones count', async () => (await app.client.get(object)).view.participants === 2)
      const letters: DeadLetter[] = []
      for await (const one of app.client.deadLetters.list()) letters.push(one)
      const found = letters.find(({ from }) => from === `${partition}@${positions[1]!.offset}`)!
      expect(found).toMatchObject({ reason: expect.stringMatching(reason), cut: { parts: cut.split(',') } })
      await expect(app.client.deadLetters.replay(found.position)).rejects.toMatchObject({
        status: 409,
        code: 'dead-letter-cut',
      })
    },
  )

  it('what is too large for HTTP is refused with its pointer, and in a bulk request only that line', async () => {
    const send = async (method: string, path: string, body: string) => {
      const answer = await fetch(`${app.url}${path}`, { method, body, headers: { 'content-type': 'application/json' } })
      return { status: answer.status, json: await answer.json() }
    }
    const fault = { pointer: '/evidence', detail: 'must be nested at most 64 deep' }
    const deep = nested(5_000)
    expect(await send('PUT', '/v1/objects/by-http/reports/a', `{"state":"up","evidence":${deep}}`)).toMatchObject({
      status: 422,
      json: { code: 'invalid', errors: [fault] },
    })
    const electorate = JSON.stringify({ match: '**', electorate: electors(20_000) })
    expect(await send('PUT', '/v1/policies/p', electorate)).toMatchObject({
      status: 422,
      json: { errors: [{ pointer: '/electorate' }] },
    })
    const line = (agent: string, evidence: string) =>
      `{"object":"by-http","agent":"${agent}","state":"up","evidence":${evidence}}`
    expect(await send('POST', '/v1/reports', `[${line('a', '1')},${line('b', deep)},${line('c', '1')}]`)).toMatchObject(
      {
        status: 202,
        json: { accepted: 2, rejected: [{ index: 1, reason: `${fault.pointer}: ${fault.detail}` }] },
      },
    )
    await until('the valid ones count', async () => (await app.client.get('by-http')).view.participants === 2)
  })

  it('there are no other dead letters, and the instance is live and ready', async () => {
    const [letters = []] = await readTopic(await cluster.log(), cluster.topics.deadLetters)
    expect(letters).toHaveLength(POISON.length + OVERSIZED.length)
    expect([(await app.call('GET', '/livez')).status, (await app.call('GET', '/readyz')).status]).toEqual([200, 200])
    expect((await app.call('GET', '/metrics')).text).toMatch(/quorate_dead_letters_total\{.*\} [1-9]/)
  })
  it('the stored data matches the source; a foreign record in the sink does not', async () => {
    expect(await cluster.audited(app)).toMatch(/^SAME .*: store, changelog and sink match/)
    const stranger = { topic: cluster.topics.states, partition: 0, key: 'x', value: '{}' }
    await (await cluster.log()).append([stranger])
    await expect(cluster.audited(app)).rejects.toThrow(/x: the event {2}does not result from the source/)
  })
})
