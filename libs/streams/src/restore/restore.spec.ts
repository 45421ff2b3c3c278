import { type Log, type LogBatch, type Logger, type PartitionOffsets, type PartitionReader } from '@quorate/log'
import { type EmbeddedLog, openEmbeddedLog } from '@quorate/log/embedded'
import Database from 'better-sqlite3'
import { closeSync, openSync, writeSync } from 'node:fs'
import { Last, TestDriver } from '../../testing'
import type { Streams } from '../streams'
import { topologyOf } from '../streams.conformance'

interface Line {
  readonly fields: { readonly partition?: number; readonly reason?: string; readonly percent?: number }
  readonly message: string
}
function recording(): Logger & { readonly lines: Line[] } {
  const lines: Line[] = []
  const add = (fields: object, message: string): void => void lines.push({ fields, message })
  return { debug: () => undefined, info: add, warn: add, error: add, lines }
}

/** Enough for a bulk load, in two partitions of which one gets nearly all. */
const ROWS = 30_000
const key = (i: number): string => `k/${i}`

describe('a restore', () => {
  let driver: TestDriver
  const topology = topologyOf('restore', 1)
  const load = (from: number, to: number, value: string): Promise<void> =>
    driver.pipe(...Array.from({ length: to - from }, (_, i) => ({ key: key(from + i), value })))
  const rows = (): string[] =>
    [...driver.task(0).table('sums').range()].map((row) => `${row.key}=${row.value.toString()}`)

  /** The indexes of due times in the local file of a stopped instance. */
  const schedules = (): unknown[] => {
    const db = new Database(driver.fileOf(0))
    const found = db.prepare(`SELECT name FROM sqlite_master WHERE name LIKE 'due/%'`).pluck().all()
    db.close()
    return found
  }

  afterEach(() => driver.close())

  it('of much is loaded beside the event loop, and gives what there was', async () => {
    driver = await TestDriver.open({ topology, processor: () => new Last() })
    await driver.start()
    await load(0, ROWS, 'first')
    await load(0, 100, 'second')
    await driver.pipe({ key: key(7), value: null })
    await driver.settle()
    const before = rows()
    expect(before).toHaveLength(ROWS - 1)
    const { position, time } = driver.task(0)
    await driver.stop()
    driver.loseDisk()
    const streams = await driver.start()
    const { restore } = streams.task(0)!
    expect(restore.total).toBeGreaterThan(ROWS)
    expect(restore.restored).toBe(restore.total)
    expect(rows()).toEqual(before)
    expect([driver.task(0).position, driver.task(0).time]).toEqual([position, time])
    await load(0, 1, 'third')
    await driver.settle()
    expect(driver.task(0).table('sums').get(key(0))?.toString()).toBe('third')
  }, 30_000)

  it('that is interrupted goes on where it stopped', async () => {
    const stalled: { at: number; reached?: Promise<void> } = { at: Infinity }
    const log = stalling(await openEmbeddedLog({ memory: true }), topology.changelog, stalled)
    driver = await TestDriver.open({ topology, processor: () => new Last(), log })
    await driver.start()
    await load(0, ROWS, 'x')
    await driver.settle()
    await driver.stop()
    driver.loseDisk()

    stalled.at = ROWS / 2
    const starting = driver.start()
    await stalled.reached!
    await driver.stop()
    expect(schedules()).toEqual([])
    stalled.at = Infinity
    void starting.catch(() => undefined)

    const streams = await driver.start()
    expect(streams.task(0)!.restore.total).toBeLessThanOrEqual(ROWS * 0.6)
    expect(rows()).toHaveLength(ROWS)
    await driver.stop()
    expect(schedules()).toEqual(['due/sums'])
    await driver.close()
    await log.close()
  }, 30_000)
})

/** A log whose readers of one topic get nothing from an offset on; `reached` resolves when one has got so far. */
function stalling(log: Log, topic: string, stalled: { at: number; reached?: Promise<void> }): Log {
  let tell!: () => void
  stalled.reached = new Promise<void>((resolve) => (tell = resolve))
  const slow = (reader: PartitionReader): PartitionReader => ({
    get position() {
      return reader.position
    },
    close: () => reader.close(),
    next: async (maxWaitMs): Promise<LogBatch> => {
      if (reader.position < stalled.at) return reader.next(maxWaitMs)
      tell()
      await new Promise((resolve) => setImmediate(resolve))
      const next = reader.position
      return { topic, partition: 0, records: [], next, end: Infinity }
    },
  })
  return new Proxy(log, {
    get: (target, name, receiver) => {
      const value: unknown = Reflect.get(target, name, receiver)
      if (name === 'reader')
        return (options: Parameters<Log['reader']>[0]) => {
          const reader = target.reader({ ...options, maxBytes: 100_000 })
          return options.topic === topic ? slow(reader) : reader
        }
      return typeof value === 'function' ? (value as () => unknown).bind(target) : value
    },
  })
}

describe('a local file that cannot go on', () => {
  const topology = topologyOf('rebuild', 2)
  const DAY = 24 * 3_600_000
  let driver: TestDriver
  let logger: ReturnType<typeof recording>
  let running: Streams

  beforeEach(async () => {
    logger = recording()
    driver = await TestDriver.open({ topology, processor: () => new Last(), logger })
    running = await driver.start()
    for (let round = 0; round < 5; round++)
      await driver.pipe(
        ...Array.from({ length: 400 }, (_, i) => ({
          key: key(i),
          value: `${round}${'v'.repeat(40)}`,
          partition: i % 2,
        })),
      )
    await driver.settle()
  })
  afterEach(() => driver.close())

  const rows = (p: number): string[] =>
    [...driver.task(p).table('sums').range()].map((r) => `${r.key}=${r.value.toString()}`)
  const setMeta = (name: string, value: string) => (): void => {
    const db = new Database(driver.fileOf(0))
    db.prepare('UPDATE meta SET v = ? WHERE k = ?').run(value, name)
    db.close()
  }
  const damage = (from: number) => (): void => {
    const file = openSync(driver.fileOf(0), 'r+')
    writeSync(file, Buffer.alloc(8_192, 0xaa), 0, 8_192, from)
    closeSync(file)
  }
  /** Partition 0 was rebuilt for this reason, partition 1 went on from its file, and all is as it was. */
  const expectRebuilt = (streams: Streams, reason: RegExp, before: readonly string[][]): void => {
    const told = logger.lines.filter(({ message }) => /building|damaged/.test(message))
    expect(told.map(({ fields, message }) => `${fields.reason ?? ''} ${message}`)).toEqual([
      expect.stringMatching(reason) as string,
    ])
    expect(streams.task(0)!.restore.restored).toBeGreaterThan(100)
    expect(streams.task(1)!.restore.restored).toBeLessThanOrEqual(1)
    expect([rows(0), rows(1)]).toEqual(before)
  }

  it.each([
    ['has rows of another layout', setMeta('schemaVersion', '0'), /layout 0/],
    ['belongs to a changelog that was created again', setMeta('topicId', 'another'), /created again/],
    ['is ahead of the changelog', setMeta('changelog', '1000000'), /beyond the changelog's end/],
    ['is damaged at its beginning', damage(0), /damaged/],
    ['is damaged in the middle', damage(12_288), /damaged/],
  ])('because it %s is rebuilt, alone', async (_, harm, reason) => {
    const before = [rows(0), rows(1)]
    await driver.stop()
    harm()
    const streams = await driver.start()
    // What the file holds in the middle is met when its rows are.
    await driver.pipe(
      ...Array.from({ length: 400 }, (__, i) => ({
        key: key(i),
        value: before[i % 2]!.find((row) => row.startsWith(`${key(i)}=`))!.split('=')[1]!,
        partition: i % 2,
      })),
    )
    await driver.settle()
    expectRebuilt(streams, reason, before)
  })

  it('because a reader met damage in it is rebuilt, though nothing is written', async () => {
    const before = [rows(0), rows(1)]
    const task = driver.task(0)
    expect(task.isDamage(new Error('some other fault'))).toBe(false)
    const error = Object.assign(new Error('database disk image is malformed'), { code: 'SQLITE_CORRUPT' })
    const lived = new Set<string>()
    const rebuilt = new Promise<void>((resolve) => {
      running.onChange(() => {
        if (lived.add(task.state).has('restoring') && task.state === 'running') resolve()
      })
    })
    expect(task.isDamage(error)).toBe(true)
    await rebuilt
    expect(logger.lines.map(({ message }) => message)).toContainEqual(expect.stringMatching(/damaged; rebuilding it/))
    expect(task.restore.restored).toBeGreaterThan(100)
    expect([rows(0), rows(1)]).toEqual(before)
  })

  it('of a standby, because a reader met damage in it, is rebuilt', async () => {
    await driver.start('b')
    const standby = await driver.standby(0)
    await standby.reached(driver.task(0).position - 1, 20_000)
    const before = [rows(0), rows(1)]
    const restored = (): string[] =>
      logger.lines.filter(({ message }) => /damaged; rebuilding it/.test(message)).map(({ message }) => message)
    expect(standby.isDamage(new Error('some other fault'))).toBe(false)
    expect(restored()).toEqual([])
    expect(standby.isDamage(Object.assign(new Error('malformed'), { code: 'SQLITE_CORRUPT' }))).toBe(true)
    await driver.pipe({ key: key(0), value: 'new', partition: 0 })
    await driver.settle()
    await standby.reached(driver.task(0).position - 1, 20_000)
    expect(await driver.standby(0)).toBe(standby)
    expect(restored()).toHaveLength(1)
    expect(standby.restore.restored).toBeGreaterThan(100)
    const held = [...standby.table('sums').range()].map((r) => `${r.key}=${r.value.toString()}`)
    expect([held, rows(1)]).toEqual([rows(0), before[1]])
  })

  it('because the changelog now begins behind it is rebuilt', async () => {
    const before = [rows(0), rows(1)]
    const [{ end }] = (await driver.log.offsets(topology.changelog)) as [PartitionOffsets]
    await driver.stop()
    setMeta('changelog', '10')()
    // The last round wrote each of the 200 rows once more: what went before may go.
    await (driver.log as EmbeddedLog).truncate(topology.changelog, 0, end - 210)
    const streams = await driver.start()
    await driver.settle()
    expectRebuilt(streams, /behind its position 10/, before)
  })

  it('is none where the changelog has lost everything: then the source is read again', async () => {
    const before = [rows(0), rows(1)]
    const ends = await driver.log.offsets(topology.changelog)
    await driver.stop()
    driver.loseDisk()
    for (const { partition, end } of ends)
      await (driver.log as EmbeddedLog).truncate(topology.changelog, partition, end)
    // Ready, and readable, only when all is back.
    await driver.start()
    expect([rows(0), rows(1)]).toEqual(before)
    const told = logger.lines.filter(({ message }) => message.includes('knows nothing of what was applied'))
    expect(told.map(({ fields }) => fields.partition).sort()).toEqual([0, 1])
  })

  it('because it is older than the changelog keeps tombstones is rebuilt', async () => {
    await driver.stop()
    await driver.start('b')
    await driver.pipe(...Array.from({ length: 10 }, (_, i) => ({ key: key(i), value: 'new', partition: i % 2 })))
    await driver.settle()
    const before = [rows(0), rows(1)]
    await driver.stop('b')
    driver.clock.advance(DAY + 1)
    const streams = await driver.start()
    const told = logger.lines.filter(({ fields }) =>
      /older than the changelog keeps tombstones/.test(fields.reason ?? ''),
    )
    expect(told.map(({ fields }) => fields.partition).sort()).toEqual([0, 1])
    expect(streams.task(0)!.restore.restored).toBeGreaterThan(100)
    expect([rows(0), rows(1)]).toEqual(before)
  })

  it('is none because its source was quiet while other work was committed, here or at its owner', async () => {
    /** Work that moves no source offset and no source time, as reminders do. */
    const work = (value: string): Promise<unknown> =>
      Promise.all(
        Array.from({ length: 10 }, (_, i) =>
          driver.task(i % 2).submit((context) => context.table('sums').put(`work/${i}`, Buffer.from(value))),
        ),
      )
    const told = (): Line[] => logger.lines.filter(({ fields }) => fields.reason)
    driver.clock.advance(2 * DAY)
    await work('first')
    await driver.stop()
    await driver.start('b')
    await work('second')
    const streams = await driver.start()
    expect(told()).toEqual([])
    await Promise.all([driver.standby(0), driver.standby(1)])
    driver.clock.advance(2 * DAY)
    for (const p of [0, 1]) {
      const standby = await driver.standby(p)
      const active = driver.task(p)
      expect(standby.restore.restored).toBeLessThan(50)
      // Twice: the first may answer a question that was asked before the clock moved.
      for (const value of ['third', 'third again']) {
        await active.submit((context) => context.table('sums').put('work/last', Buffer.from(value)))
        while (standby.changelogPosition < active.changelogPosition)
          await new Promise((resolve) => setImmediate(resolve))
      }
    }
    await driver.stop('b')
    await driver.settle()
    await work('fourth')
    await work('fifth')
    await driver.start('b')
    await driver.standby(0)
    expect(streams.tasks()).toHaveLength(1)
    expect(told()).toEqual([])
  })

  it('is none because nothing happened for longer than the changelog keeps tombstones', async () => {
    await driver.stop()
    driver.clock.advance(10 * DAY)
    const streams = await driver.start()
    expect(logger.lines.filter(({ fields }) => fields.reason)).toEqual([])
    for (const { restore } of streams.tasks()) expect(restore.restored).toBeLessThanOrEqual(1)
  })
})
