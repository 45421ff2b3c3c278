import { describeKafka, sharedBrokers, unique } from '../../../test/broker'
import type { Log, LogRecord, PartitionReader, TopicSpec } from '../src'
import { openKafkaLog } from '.'

const topicSpec = (name: string, partitions = 1): TopicSpec => ({
  name,
  partitions,
  cleanupPolicy: 'delete',
  timestampType: 'CreateTime',
})

async function readTo(reader: PartitionReader, end: number): Promise<LogRecord[]> {
  const records: LogRecord[] = []
  while (reader.position < end) records.push(...(await reader.next(5000)).records)
  return records
}

describeKafka('the log on Kafka', () => {
  let log: Log
  let topic: string

  beforeAll(async () => {
    log = await openKafkaLog({ brokers: sharedBrokers(), clientId: 'spec' })
  })
  afterAll(() => log.close())
  beforeEach(async () => {
    topic = unique('topic')
    await log.ensureTopics([topicSpec(topic, 2)])
  })

  it('reads what it appended', async () => {
    const positions = await log.append([
      { topic, partition: 1, key: 'a', value: 'x' },
      { topic, partition: 0, key: 'b', value: null },
      { topic, partition: 1, key: null, value: 'ü', headers: [['h', 'v']] },
    ])
    expect(positions.map(({ partition, offset }) => [partition, offset])).toEqual([
      [1, 0],
      [0, 0],
      [1, 1],
    ])
    const reader = log.reader({ topic, partition: 1, from: 0 })
    const records = await readTo(reader, 2)
    expect(records.map(({ key, value, headers }) => [key?.toString(), value?.toString(), headers.length])).toEqual([
      ['a', 'x', 0],
      [undefined, 'ü', 1],
    ])
    reader.close()
    expect(await log.offsets(topic)).toEqual([
      { partition: 0, start: 0, end: 1 },
      { partition: 1, start: 0, end: 2 },
    ])
  })

  it('commits records and the source offset together', async () => {
    const transactor = await log.fence(unique('id'))
    const group = unique('group')
    for (let i = 0; i < 3; i++) {
      const appended = await transactor.commit({
        records: Array.from({ length: 16_000 }, (_, n) => ({
          topic,
          partition: n % 2,
          key: `${n}`,
          value: 'v'.repeat(150),
        })),
        source: { group, topic, partition: 0, offset: 10 * i },
      })
      expect(appended).toHaveLength(2)
      expect(appended[0]!.last - appended[0]!.first).toBe(7999)
    }
    expect([...(await log.committed(group, topic, [0, 1]))]).toEqual([[0, 20]])
    const reader = log.reader({ topic, partition: 1, from: 0 })
    expect(await readTo(reader, 24_003)).toHaveLength(24_000)
    reader.close()
  })

  it('gives a member its share', async () => {
    const assigned = Promise.withResolvers<readonly number[]>()
    const member = await log.join({
      group: unique('group'),
      topic,
      userData: () => Buffer.from('me'),
      assign: ([first], partitions) =>
        new Map([[first!.memberId, { partitions: [...Array(partitions).keys()], userData: first!.userData }]]),
      onAssignment: (assignment) => assigned.resolve(assignment.partitions),
      onLost: () => {},
    })
    expect(await assigned.promise).toEqual([0, 1])
    expect(member.identity?.generation).toBe(1)
    await member.leave()
  })
})
