import type { Logger } from '@quorate/log'
import { Conditions, type NewCondition } from './conditions'

interface Line {
  readonly level: string
  readonly message: string
  readonly fields: Record<string, unknown>
}

function lines(): { logger: Logger; all: Line[] } {
  const all: Line[] = []
  const at =
    (level: string) =>
    (fields: object, message: string): void =>
      void all.push({ level, message, fields: fields as Record<string, unknown> })
  return { logger: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }, all }
}

const FULL: NewCondition = {
  code: 'STORE_FULL',
  partition: 3,
  position: 17,
  reason: 'the disk is full',
  blocks: ['live', 'ready'],
}
const MINUTE = 60_000

describe('conditions', () => {
  beforeEach(() => jest.useFakeTimers())
  afterEach(() => jest.useRealTimers())

  it('keep since when they are raised again, and take the rest from the latest', () => {
    const conditions = new Conditions(lines().logger)
    conditions.raise(FULL)
    const { since } = conditions.all()[0]!
    jest.advanceTimersByTime(5_000)
    conditions.raise({ ...FULL, reason: 'still full' })
    expect(conditions.all()).toEqual([{ ...FULL, reason: 'still full', since }])
  })

  it('are told apart by code, partition and subject, and cleared alone or with their partition', () => {
    const conditions = new Conditions(lines().logger)
    const topic = { code: 'LOG_TOPIC_MISMATCH', reason: 'another clean-up policy', blocks: ['ready'] } as const
    conditions.raise(FULL)
    conditions.raise({ ...FULL, partition: 4 })
    conditions.of(3).raise({ ...topic, subject: 'a' })
    conditions.raise({ ...topic, subject: 'b' })
    expect(conditions.all().map(({ partition, subject }) => [partition, subject])).toEqual([
      [undefined, 'b'],
      [3, undefined],
      [3, 'a'],
      [4, undefined],
    ])
    conditions.of(3).clear('LOG_TOPIC_MISMATCH', 'a')
    expect(conditions.has({ code: 'LOG_TOPIC_MISMATCH', subject: 'b' })).toBe(true)
    expect(conditions.has({ code: 'LOG_TOPIC_MISMATCH', partition: 3, subject: 'a' })).toBe(false)
    conditions.clearPartition(3)
    expect(conditions.all()).toHaveLength(2)
  })

  it('block what they say, but for those that are left out', () => {
    const conditions = new Conditions(lines().logger)
    conditions.raise({ ...FULL, blocks: [] })
    expect([conditions.blocks('live'), conditions.blocks('ready')]).toEqual([false, false])
    conditions.raise({ ...FULL, blocks: ['ready'] })
    expect([conditions.blocks('live'), conditions.blocks('ready')]).toEqual([false, true])
    expect(conditions.blocks('ready', ({ code }) => code === 'STORE_FULL')).toBe(false)
    conditions.clear(FULL)
    expect(conditions.blocks('ready')).toBe(false)
  })

  it('are logged when raised, at growing intervals, and when cleared, with the stack once', () => {
    const { logger, all } = lines()
    const conditions = new Conditions(logger)
    const error = new Error('boom')
    for (let i = 0; i < 1_000; i++) conditions.raise(FULL, error)
    expect(all).toEqual([
      {
        level: 'error',
        message: 'the disk is full',
        fields: { code: 'STORE_FULL', partition: 3, position: 17, blocks: ['live', 'ready'], ageMs: 0, err: error },
      },
    ])
    const at: number[] = []
    for (let minute = 1; minute <= 300; minute++) {
      jest.advanceTimersByTime(MINUTE)
      conditions.raise(FULL, error)
      if (all.length > at.length + 1) at.push(minute)
    }
    expect(at).toEqual([1, 3, 7, 15, 31, 63, 123, 183, 243])
    expect(all.slice(1).every(({ fields }) => !('err' in fields))).toBe(true)
    conditions.clear(FULL)
    expect(all.at(-1)).toMatchObject({ level: 'info', fields: { code: 'STORE_FULL', ageMs: 300 * MINUTE } })
    jest.advanceTimersByTime(500 * MINUTE)
    expect(all).toHaveLength(11)
  })

  it('that come and go do not fill the log', () => {
    const { logger, all } = lines()
    const conditions = new Conditions(logger)
    for (let second = 0; second < 3_600; second++) {
      conditions.raise(FULL)
      jest.advanceTimersByTime(500)
      conditions.clear(FULL)
      jest.advanceTimersByTime(500)
    }
    expect(all.length).toBeLessThan(20)
    jest.advanceTimersByTime(3 * 3_600_000)
    const before = all.length
    conditions.raise(FULL)
    expect(all).toHaveLength(before + 1)
  })

  it('are logged again when they block more than before', () => {
    const { logger, all } = lines()
    const conditions = new Conditions(logger)
    conditions.raise({ ...FULL, blocks: [] })
    conditions.raise(FULL)
    expect(all.map(({ level }) => level)).toEqual(['warn', 'error'])
  })

  it('are bounded: what is beyond the bound counts as one of its code', () => {
    const { logger, all } = lines()
    const conditions = new Conditions(logger)
    for (let i = 0; i < 2_000; i++) conditions.raise({ ...FULL, subject: `row ${i}` })
    expect(conditions.all()).toHaveLength(1_001)
    expect(conditions.has({ ...FULL, subject: 'others' })).toBe(true)
    expect(all).toHaveLength(1_001)
  })

  it('are silent once closed', () => {
    const { logger, all } = lines()
    const conditions = new Conditions(logger)
    conditions.raise(FULL)
    conditions.close()
    conditions.raise({ ...FULL, partition: 5 })
    jest.advanceTimersByTime(10 * MINUTE)
    expect([all.length, conditions.all().length]).toEqual([1, 0])
  })
})
