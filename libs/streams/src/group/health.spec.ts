import type { Logger } from '@quorate/log'
import { openEmbeddedLog } from '@quorate/log/embedded'
import { setTimeout as delay } from 'node:timers/promises'
import { TestDriver } from '../../testing'
import type { Processor, TaskBatch, TaskContext } from '../context'
import type { Streams } from '../streams'
import { topologyOf } from '../streams.conformance'
import { TaskProgress } from '../progress/task-progress'

const POISON = 'poison'

/** Fails at a poisoned record until it is healed. */
class Failing implements Processor {
  healed = false
  readonly triedAt: number[] = []
  onBatch: () => void = () => undefined

  process(batch: TaskBatch, context: TaskContext): number {
    this.onBatch()
    for (const { key, value } of batch.records) {
      if (!this.healed && value?.toString() === POISON) {
        this.triedAt.push(performance.now())
        throw new TypeError(`cannot add ${key!.toString()}`)
      }
      context.table('sums').put(key!.toString(), value!)
    }
    return batch.next
  }
}

interface Line {
  readonly level: string
  readonly fields: Record<string, unknown>
  readonly message: string
}

const change = (streams: Streams): Promise<void> =>
  new Promise((resolve) => {
    const stop = streams.onChange(() => {
      stop()
      resolve()
    })
  })

async function until(streams: Streams, holds: () => boolean): Promise<void> {
  while (!holds()) await Promise.race([change(streams), delay(50)])
}

describe('the health of tasks', () => {
  const STALLED = 1_000
  let driver: TestDriver
  let processor: Failing
  let streams: Streams
  let lines: Line[]

  beforeEach(async () => {
    lines = []
    const at =
      (level: string) =>
      (fields: object, message: string): void =>
        void lines.push({ level, fields: fields as Record<string, unknown>, message })
    const logger: Logger = { debug: () => undefined, info: at('info'), warn: at('warn'), error: at('error') }
    processor = new Failing()
    driver = await TestDriver.open({
      topology: topologyOf('health', 1),
      processor: () => processor,
      logger,
      stalledMs: STALLED,
    })
    streams = await driver.start()
  })
  afterEach(() => driver.close())

  it('of one that fails over and over at one record: named, steadily not ready, after a while not live, and well once it gets on', async () => {
    await driver.pipe({ key: 'a', value: '1' })
    await driver.settle()
    await driver.pipe({ key: 'b', value: POISON })
    await until(streams, () => streams.conditions.all().length > 0)
    expect(streams.live).toBe(true)
    const seen = new Set<string>()
    const stop = streams.onChange(() => seen.add(`${streams.ready} ${streams.task(0)!.state}`))
    await until(streams, () => !streams.live)
    await until(streams, () => processor.triedAt.length >= 6)
    stop()
    // It began again and again, and was not ready for a moment.
    expect([...seen].sort()).toEqual(['false restoring', 'false running'])
    expect(streams.conditions.all()).toMatchObject([
      { code: 'STREAMS_TASK_FAILED', partition: 0, position: 1, blocks: ['live', 'ready'], detail: 'cannot add b' },
    ])
    expect(streams.conditions.all()[0]!.reason).not.toContain('cannot add b')
    expect(streams.task(0)!.restarts).toBeGreaterThanOrEqual(5)

    const gaps = processor.triedAt.slice(1).map((at, i) => at - processor.triedAt[i]!)
    for (const [i, gap] of gaps.slice(1).entries()) expect(gap).toBeGreaterThan(1.5 * gaps[i]!)
    // One line when it was raised, with the stack, and one when it blocked more.
    expect(lines.filter(({ level }) => level === 'error').map(({ fields }) => 'err' in fields)).toEqual([true, false])
    expect(lines.filter(({ message }) => message.includes('restored and running'))).toHaveLength(1)

    processor.healed = true
    await driver.settle()
    await until(streams, () => streams.ready)
    expect([streams.live, streams.conditions.all()]).toEqual([true, []])
    expect(lines.at(-1)).toMatchObject({
      level: 'info',
      message: 'no longer so',
      fields: { code: 'STREAMS_TASK_FAILED' },
    })
  }, 30_000)

  it('of one that has been idle for long: live while it applies the next records', async () => {
    await driver.pipe({ key: 'a', value: '1' })
    await driver.settle()
    await delay(STALLED + 200)
    const lives: boolean[] = []
    processor.onBatch = () => lives.push(streams.live)
    await driver.pipe({ key: 'b', value: '2' }, { key: 'c', value: '3' })
    await driver.settle()
    expect(lives).not.toContain(false)
    expect(lives.length).toBeGreaterThan(0)
  })
})

describe('the progress of a task', () => {
  it('waits from when there is something to do, and not from its last move', async () => {
    const progress = new TaskProgress()
    progress.startAt(5)
    expect(progress.waitingSince).toBeUndefined()
    await delay(20)
    const before = performance.now()
    progress.end = 7
    expect(progress.waitingSince).toBeGreaterThanOrEqual(before)
    const since = progress.waitingSince!
    await delay(20)
    progress.moveTo(6)
    expect(progress.waitingSince).toBeGreaterThan(since)
    progress.moveTo(7)
    expect(progress.waitingSince).toBeUndefined()
  })

  it('waits for records that another has seen in the source, also where its reader brings none', () => {
    const progress = new TaskProgress()
    progress.startAt(5)
    progress.saw(5)
    expect(progress.waitingSince).toBeUndefined()
    progress.saw(6)
    expect([progress.waitingSince, progress.lag]).toEqual([expect.any(Number), 0])
    progress.moveTo(6)
    expect(progress.waitingSince).toBeUndefined()
  })

  it('does not take starting again at the same place for progress', async () => {
    const progress = new TaskProgress()
    progress.end = 9
    progress.startAt(5)
    const { applied, waitingSince } = progress
    await delay(20)
    progress.startAt(5)
    expect([progress.applied, progress.waitingSince]).toEqual([applied, waitingSince])
    progress.moveTo(6)
    expect(progress.applied).toBe(applied + 1)
    // What had to be read again from the beginning gets on from there.
    progress.startAt(0)
    progress.moveTo(1)
    expect(progress.applied).toBe(applied + 2)
  })
})

describe('the time of the log', () => {
  it('is named while it is ahead of the clock by more than a minute, and blocks nothing', async () => {
    const T0 = 1_700_000_000_000
    const log = await openEmbeddedLog({ memory: true }, { now: () => T0 + 120_000 })
    const driver = await TestDriver.open({ log, topology: topologyOf('ahead', 1), processor: () => new Failing() })
    const streams = await driver.start()
    await driver.pipe({ key: 'a', value: '1' })
    await driver.settle()
    driver.clock.moveTo(T0 + 59_000)
    expect([streams.live, streams.ready]).toEqual([true, true])
    expect(streams.conditions.all()).toMatchObject([{ code: 'STREAMS_TIME_AHEAD', partition: 0, blocks: [] }])
    expect(streams.conditions.all()[0]!.reason).toMatch(/61 s ahead/)
    driver.clock.moveTo(T0 + 60_000)
    expect([streams.live, streams.conditions.all()]).toEqual([true, []])
    await driver.close()
    await log.close()
  })
})
