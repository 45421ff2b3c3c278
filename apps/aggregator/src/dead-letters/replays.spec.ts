import { topicNames } from '@quorate/contracts'
import { type Log, LogError, type OutRecord, type ReaderOptions } from '@quorate/log'
import { type EmbeddedLog, openEmbeddedLog } from '@quorate/log/embedded'
import type { Streams } from '@quorate/streams'
import { aggregatorTopology } from '@quorate/engine/core'
import { DeadLetters } from './dead-letters'

const { reports, settings, deadLetters } = topicNames('quorate')
const HEADERS = [
  ['quorate-topic', reports],
  ['quorate-partition', '0'],
  ['quorate-offset', '7'],
] as const

describe('replays of dead letters', () => {
  let log: EmbeddedLog
  /** Topics that cannot be appended to, and those of which nothing can be read. */
  let unwritable: string[]
  let unreadable: string[]

  beforeEach(async () => {
    log = await openEmbeddedLog({ memory: true })
    await log.ensureTopics(aggregatorTopology({ prefix: 'quorate', applicationId: 'aggregator', partitions: 1 }).topics)
    unwritable = []
    unreadable = []
    for (const key of ['a', 'b'])
      await log.append([{ topic: deadLetters, partition: 0, key, value: '{}', headers: HEADERS }])
  })
  afterEach(() => log.close())

  const append = async (records: readonly OutRecord[]) => {
    const refused = records.find(({ topic }) => unwritable.includes(topic))
    if (refused) throw new LogError('LOG_UNAVAILABLE', refused.topic)
    return log.append(records)
  }
  const reader = (options: ReaderOptions) => {
    if (!unreadable.includes(options.topic)) return log.reader(options)
    const closed = Promise.withResolvers<never>()
    const close = () => closed.reject(new LogError('LOG_CLOSED', options.topic))
    return { position: options.from, next: () => closed.promise, close }
  }
  const instance = () => {
    const offsets = log.offsets.bind(log)
    const streams = {
      partitions: 1,
      append: (records: readonly OutRecord[]) => append(records.map((it) => ({ ...it, topic: reports, partition: 0 }))),
    } as unknown as Streams
    const all = { append, reader, offsets } as unknown as Log
    return new DeadLetters({ log: all, streams, deadLetters, settings, source: reports, patienceMs: 50 })
  }
  const replayed = async () => (await log.offsets(reports))[0]!.end
  const shown = async (at: DeadLetters) => (await at.list(0, 10, false)).items.map(({ key }) => key)

  it('that come at once are done once', async () => {
    const it = instance()
    const answers = await Promise.allSettled([it.replay(0, 'x'), it.replay(0, 'y'), it.drop(0, 'z'), it.replay(1, 'x')])
    expect(answers.map((answer) => (answer.status === 'rejected' ? answer.reason.code : answer.status))).toEqual([
      ...['fulfilled', 'conflict', 'conflict', 'fulfilled'],
    ])
    expect(await replayed()).toBe(2)
  })

  it('that cannot be noted are of unknown outcome, are not done again, and are noted later', async () => {
    const it = instance()
    unwritable = [settings]
    await expect(it.replay(0, 'x')).rejects.toMatchObject({
      code: 'outcome-unknown',
      headers: { 'quorate-position': '0@0' },
    })
    await expect(it.replay(0, 'x')).rejects.toMatchObject({ code: 'conflict' })
    expect(await shown(it)).toEqual(['b'])
    expect(await replayed()).toBe(1)
    unwritable = []
    await shown(it)
    expect(await shown(instance())).toEqual(['b'])
  })

  it.each([settings, deadLetters])('do not wait for ever for %s', async (topic) => {
    await instance().drop(1, 'x')
    unreadable = [topic]
    await expect(instance().replay(0, 'x')).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE' })
    expect(await replayed()).toBe(0)
  })
})
