import { openEmbeddedLog } from './index'

describe('the embedded log', () => {
  it('gives back what was appended', async () => {
    const log = await openEmbeddedLog({ memory: true }, { now: () => 1000 })
    await log.ensureTopics([
      { name: 't', partitions: 2, cleanupPolicy: 'delete', timestampType: 'LogAppendTime', retentionMs: 1000 },
    ])
    const reader = log.reader({ topic: 't', partition: 1, from: 0 })
    expect((await reader.next(1)).records).toEqual([])
    const waiting = reader.next(10_000)
    expect(await log.append([{ topic: 't', partition: 1, key: 'k', value: 'v', headers: [['a', 'b']] }])).toEqual([
      { topic: 't', partition: 1, offset: 0 },
    ])
    const batch = await waiting
    expect(batch).toEqual({
      topic: 't',
      partition: 1,
      next: 1,
      end: 1,
      records: [
        {
          offset: 0,
          timestamp: 1000,
          key: Buffer.from('k'),
          value: Buffer.from('v'),
          headers: [['a', Buffer.from('b')]],
        },
      ],
    })
    await log.close()
  })
})
