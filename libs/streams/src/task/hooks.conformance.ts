import type { Log } from '@quorate/log'
import { type FaultKind, type FaultyLog, faultyLog } from '@quorate/log/testing'
import { openEmbeddedLog } from '@quorate/log/embedded'
import { randomUUID } from 'node:crypto'
import { TestDriver } from '../../testing'
import type { Processor, TaskBatch, TaskContext } from '../context'
import { withDeadLetters } from '../faults/barrier.conformance'
import { topologyOf } from '../streams.conformance'
import type { Topology } from '../topology'
import { COMMIT_STEPS } from './commit'

/** What the hooks were told, in order, and what stood in the table then. */
interface Told {
  readonly instance: number
  readonly hook: 'committed' | 'dropped'
  readonly sum: number
  readonly cache: unknown
}

/** Sums up what it reads, keeps the sum in its cache, and throws at `bad`. */
class Witness implements Processor {
  due: number | undefined
  throwsIn: 'committed' | 'dropped' | undefined

  constructor(
    private readonly instance: number,
    private readonly told: Told[],
  ) {}

  process(batch: TaskBatch, context: TaskContext): number {
    for (const record of batch.records) {
      if (context.full) return record.offset
      const value = record.value!.toString()
      if (value === 'bad') throw new Error('on purpose')
      add(context, Number(value))
    }
    return batch.next
  }

  nextDue(): number | undefined {
    return this.due
  }

  punctuate(_: number, context: TaskContext): void {
    this.due = undefined
    add(context, 100)
  }

  committed(context: TaskContext): void {
    this.tell('committed', context)
  }

  dropped(context: TaskContext): void {
    this.tell('dropped', context)
  }

  private tell(hook: Told['hook'], context: TaskContext): void {
    this.told.push({ instance: this.instance, hook, sum: sumOf(context), cache: context.cache })
    if (this.throwsIn !== hook) return
    this.throwsIn = undefined
    throw new Error(`in ${hook}, on purpose`)
  }
}

const sumOf = (context: TaskContext): number => Number(context.table('sums').get('all')?.toString() ?? 0)

function add(context: TaskContext, value: number): void {
  const sum = sumOf(context) + value
  context.table('sums').put('all', Buffer.from(String(sum)))
  context.cache = sum
}

/**
 * When a processor is told of a commit, and when of a batch that was dropped (DESIGN.md, "After the commit"), on
 * whatever log.
 */
export function describeHooks(
  name: string,
  openLog: () => Promise<Log> = () => openEmbeddedLog({ memory: true }),
): void {
  describe(`the hooks of a processor, on ${name}`, () => {
    let inner: Log
    let log: FaultyLog
    let driver: TestDriver
    let topology: Topology
    let told: Told[]
    let witnesses: Witness[]
    let applied: number
    let atStep: (step: string) => void

    beforeAll(async () => {
      inner = await openLog()
    })
    afterAll(() => inner.close())
    beforeEach(async () => {
      told = []
      witnesses = []
      applied = 0
      atStep = () => undefined
      topology = { ...withDeadLetters(topologyOf(`t${randomUUID().slice(0, 8)}`, 1)), clock: 'wall' }
      log = faultyLog(inner)
      driver = await TestDriver.open({
        topology,
        log,
        startAt: Date.now(),
        heartbeatMs: 200,
        processor: () => {
          witnesses.push(new Witness(witnesses.length, told))
          return witnesses.at(-1)!
        },
        observe: (step) => {
          if (step === 'applied') applied++
          atStep(step)
        },
      })
    })
    afterEach(async () => {
      await driver.close()
      await log.close()
    })

    const pipe = async (...values: string[]): Promise<void> => {
      await driver.pipe(...values.map((value) => ({ key: 'k', value, partition: 0 })))
      await driver.settle()
    }
    const committed = (): number[] => told.filter(({ hook }) => hook === 'committed').map(({ sum }) => sum)
    const stored = (): number => Number(driver.task(0).table('sums').get('all')?.toString())

    it('tell of each commit once, when its rows are in the tables: records, a punctuation, submitted work', async () => {
      const streams = await driver.start()
      await pipe('1')
      await pipe('2')
      await streams.task(0)!.submit((context) => add(context, 10))
      witnesses[0]!.due = 0
      await streams.task(0)!.submit((context) => add(context, 20))
      await pipe('3')
      expect(committed()).toEqual([1, 3, 13, 33, 133, 136])
      expect(told.map(({ cache }) => cache)).toEqual([1, 3, 13, 33, 133, 136])
      expect(told).toHaveLength(applied)
      expect(stored()).toBe(136)
    })

    it('tell of a refusal as of any commit, and of each try that was dropped', async () => {
      await driver.pipe(...['1', 'bad', '2'].map((value) => ({ key: 'k', value, partition: 0 })))
      await driver.start()
      await driver.settle()
      const dropped = told.filter(({ hook }) => hook === 'dropped')
      // Among others, and three times alone.
      expect(dropped.length).toBeGreaterThanOrEqual(3)
      expect(dropped.every(({ cache }) => cache === undefined)).toBe(true)
      expect(committed()).toHaveLength(applied)
      expect(committed().at(-1)).toBe(3)
      expect(await driver.readAtLeast(topology.outputs['dead-letters']!, 1)).toHaveLength(1)
    })

    it('tell of submitted work that throws: dropped, and the work beside it committed', async () => {
      const task = (await driver.start()).task(0)!
      const results = await Promise.allSettled([
        task.submit((context) => add(context, 1)),
        task.submit((context) => {
          add(context, 5)
          throw new Error('on purpose')
        }),
      ])
      expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
      expect(told.map(({ hook, sum }) => [hook, sum])).toEqual([
        ['dropped', 0],
        ['committed', 1],
      ])
    })

    it.each(COMMIT_STEPS)(
      'tell nothing of a commit at which the process dies (%s), nor its successor',
      async (step) => {
        await driver.start()
        await pipe('1')
        const died = driver.crashAt(step)
        await driver.pipe({ key: 'k', value: '2', partition: 0 })
        await died
        expect(committed()).toEqual([1])
        await driver.start()
        await driver.settle()
        expect(stored()).toBe(3)
        // Before the log had it, it is another batch of the successor.
        expect(committed()).toEqual(step === 'sealed' ? [1, 3] : [1])
        await pipe('4')
        expect(committed().at(-1)).toBe(7)
      },
    )

    it.each<[FaultKind, 'again' | 'found']>([
      ['unavailable', 'again'],
      ['stale-member', 'again'],
      ['unknown-lost', 'again'],
      ['unknown-durable', 'found'],
      ['fenced', 'again'],
    ])('tell of a commit that fails (%s): dropped, and committed if it is done again', async (kind, then) => {
      await driver.start()
      await pipe('1')
      told.length = 0
      log.inject({ kind, commit: log.commits + 1 })
      await pipe('2')
      expect(stored()).toBe(3)
      const hooks = told.map(({ hook, sum, cache }) => [hook, sum, cache])
      expect(hooks[0]).toEqual(['dropped', 1, undefined])
      expect(committed()).toEqual(then === 'again' ? [3] : [])
      await pipe('4')
      expect(committed()).toEqual(then === 'again' ? [3, 7] : [7])
    })

    it('tell of a commit that the log has and the file does not: dropped, and found by the next run', async () => {
      await driver.start()
      await pipe('1')
      told.length = 0
      atStep = (step) => {
        if (step !== 'logged') return
        atStep = () => undefined
        throw new Error('no room')
      }
      await pipe('2')
      expect(stored()).toBe(3)
      expect(told.map(({ hook }) => hook)).toEqual(['dropped'])
    })

    it('do not tell a task that stops of its last commit: it was dropped, and its successor has the rows', async () => {
      await driver.start()
      await pipe('1')
      told.length = 0
      const stopped = new Promise<void>((resolve, reject) => {
        atStep = (step) => {
          if (step === 'sealed') driver.stop().then(resolve, reject)
        }
      })
      await driver.pipe({ key: 'k', value: '2', partition: 0 })
      await stopped
      atStep = () => undefined
      expect(told.map(({ hook, sum }) => [hook, sum])).toEqual([['dropped', 3]])
      await driver.start()
      await driver.settle()
      expect(stored()).toBe(3)
      expect(told).toHaveLength(1)
    })

    it('tell nothing of a standby, nor of what is restored', async () => {
      await driver.start('a')
      await pipe('3')
      await driver.start('b')
      const standby = await driver.standby(0)
      await standby.reached(0, 20_000)
      await driver.stop('a')
      await driver.settle()
      expect(stored()).toBe(3)
      await driver.stop('b')
      driver.loseDisk('b')
      await driver.start('b')
      await driver.settle()
      expect(stored()).toBe(3)
      expect(committed()).toEqual([3])
      await pipe('3')
      expect(told.at(-1)).toMatchObject({ instance: 2, hook: 'committed', sum: 6 })
    })

    it.each(['committed', 'dropped'] as const)(
      'may throw (%s): the task begins again from what is committed',
      async (hook) => {
        await driver.start()
        await pipe('1')
        witnesses[0]!.throwsIn = hook
        if (hook === 'dropped') log.inject({ kind: 'unavailable', commit: log.commits + 1 })
        await pipe('2')
        await pipe('4')
        expect(stored()).toBe(7)
        expect(witnesses[0]!.throwsIn).toBeUndefined()
        expect(committed()).toEqual([1, 3, 7])
      },
    )
  })
}
