import { collect, records } from '../testing'
import { openEmbeddedLog, type EmbeddedLog } from './index'

const HOUR = 3_600_000
const TOPIC = {
  name: 't',
  partitions: 1,
  cleanupPolicy: 'delete',
  timestampType: 'LogAppendTime',
  retentionMs: HOUR,
} as const

describe('retention', () => {
  let now = 0
  let log: EmbeddedLog
  beforeEach(async () => {
    now = 1_000_000
    log = await openEmbeddedLog({ memory: true }, { now: () => now })
    await log.ensureTopics([TOPIC])
  })
  afterEach(() => log.close())

  const append = async (count: number, at: number) => {
    now = at
    for (let i = 0; i < count; i++) await log.append(records('t', 0, [`${at}`]))
  }
  const bounds = async () => (await log.offsets('t'))[0]

  it('forgets what is older than the topic keeps, and nothing else', async () => {
    await append(100, 0)
    await append(100, HOUR)
    await append(1, HOUR + 1)
    now = HOUR
    await log.retain()
    expect(await bounds()).toMatchObject({ start: 0, end: 201 })
    now = HOUR + 1
    await log.retain()
    expect(await bounds()).toMatchObject({ start: 100, end: 201 })
    const reader = log.reader({ topic: 't', partition: 0, from: 100 })
    expect((await collect(reader, 101)).map(({ offset }) => offset)[0]).toBe(100)
  })

  it('may leave nothing, and offsets go on', async () => {
    await append(3, 0)
    now = 10 * HOUR
    await log.retain()
    expect(await bounds()).toMatchObject({ start: 3, end: 3 })
    expect(await log.append(records('t', 0, ['next']))).toMatchObject([{ offset: 3 }])
  })

  it('tells a reader that it is behind, also one that waits', async () => {
    await append(3, 0)
    const behind = log.reader({ topic: 't', partition: 0, from: 1 })
    const atEnd = log.reader({ topic: 't', partition: 0, from: 3 })
    const waiting = collect(atEnd, 1)
    now = 10 * HOUR
    await log.retain()
    await expect(behind.next()).rejects.toMatchObject({
      code: 'LOG_OFFSET_OUT_OF_RANGE',
      range: { start: 3, end: 3 },
    })
    await log.append(records('t', 0, ['next']))
    expect((await waiting)[0]).toMatchObject({ offset: 3 })
  })

  it('does not touch compacted topics, nor those that keep all', async () => {
    await log.ensureTopics([
      { name: 'compacted', partitions: 1, cleanupPolicy: 'compact', timestampType: 'LogAppendTime' },
      { ...TOPIC, name: 'kept', retentionMs: -1 },
    ])
    await log.append([...records('compacted', 0, ['a']), ...records('kept', 0, ['a'])])
    now += 10_000 * HOUR
    await log.retain()
    expect(await log.offsets('compacted')).toMatchObject([{ start: 0, end: 1 }])
    expect(await log.offsets('kept')).toMatchObject([{ start: 0, end: 1 }])
  })

  it('frees a long log while others write, in short steps', async () => {
    const value = 'x'.repeat(1_000)
    const many = Array.from({ length: 2_000 }, () => ({ topic: 't', partition: 0, key: null, value }))
    now = 0
    for (let i = 0; i < 10; i++) await log.append(many)
    now = 10 * HOUR
    let appended = 0
    let retained = false
    const retaining = log.retain().then(() => (retained = true))
    while (!retained) {
      await log.append(records('t', 0, ['meanwhile']))
      appended++
    }
    await retaining
    expect(appended).toBeGreaterThan(3)
    expect(await bounds()).toMatchObject({ start: 20_000, end: 20_000 + appended })
  })
})
