import type { Log, LogRecord } from '@quorate/log'
import { randomUUID } from 'node:crypto'
import { TestDriver } from '../../testing'
import { COMMIT_STEPS, MAX_ROW_BYTES } from '../task/commit'
import type { Processor, TaskBatch, TaskContext } from '../context'
import { faultOf } from '../record-fault'
import { topologyOf } from '../streams.conformance'
import type { Topology } from '../topology'

/** What a record may do to a batch, by its value. */
const POISON = ['throws', 'throws-unnamed', 'throws-in-flush', 'large-row', 'large-record', 'resumes-outside'] as const

/**
 * Sums what it reads by key; records of the names above fail at the step that they name, whatever stands beside them.
 */
class Fragile implements Processor {
  process(batch: TaskBatch, context: TaskContext): number {
    const table = context.table('sums')
    for (const record of batch.records) {
      if (context.full) return record.offset
      const value = record.value!.toString()
      switch (value) {
        case 'throws':
          throw faultOf(new TypeError('at the record'), record.offset)
        case 'throws-unnamed':
          throw new RangeError('somewhere in the batch')
        case 'throws-in-flush':
          context.cache = 'poisoned'
          continue
        case 'large-row':
          table.put(`large ${record.offset}`, Buffer.alloc(MAX_ROW_BYTES + 1))
          continue
        case 'large-record':
          context.forward('sums', { key: 'large', value: Buffer.alloc(2 << 20) })
          continue
        case 'resumes-outside':
          return -1
      }
      const key = record.key!.toString()
      const sum = Number(table.get(key)?.toString() ?? 0) + Number(value)
      table.put(key, Buffer.from(String(sum)))
      context.forward('sums', { key, value: String(sum) })
    }
    return batch.next
  }

  flush(context: TaskContext): void {
    if (context.cache === 'poisoned') throw new Error('at the flush')
  }
}

export const withDeadLetters = (topology: Topology): Topology => {
  const name = `${topology.source}.dead`
  const dead = { name, partitions: 1, cleanupPolicy: 'delete' as const, timestampType: 'CreateTime' as const }
  return {
    ...topology,
    outputs: { ...topology.outputs, 'dead-letters': name },
    topics: [...topology.topics, dead],
  }
}

const header = ({ headers }: LogRecord, name: string): string | undefined =>
  headers.find(([it]) => it === name)?.[1].toString()

/** One record never stops a partition (DESIGN.md, "A record that fails"), on whatever log. */
export function describeBarrier(name: string, openLog?: () => Promise<Log>): void {
  describe(`a record that cannot be applied, on ${name}`, () => {
    let log: Log | undefined
    let driver: TestDriver
    let topology: Topology

    beforeAll(async () => {
      log = await openLog?.()
    })
    afterAll(() => log?.close())
    beforeEach(async () => {
      topology = withDeadLetters(topologyOf(`t${randomUUID().slice(0, 8)}`, 2))
      driver = await TestDriver.open({
        topology,
        processor: () => new Fragile(),
        ...(log ? { log, heartbeatMs: 200 } : {}),
      })
    })
    afterEach(() => driver.close())

    const KEYS = ['a', 'b', 'c', 'd']
    /** Ones for every key in turn, and every `every`th record poison of the kinds in turn. */
    const mixed = (count: number, every: number, kinds: readonly string[] = POISON) =>
      Array.from({ length: count }, (_, i) => ({
        key: KEYS[i % KEYS.length]!,
        value: i % every === every - 1 ? kinds[Math.floor(i / every) % kinds.length]! : '1',
      }))

    const expectApplied = async (sent: readonly { key: string; value: string }[]): Promise<void> => {
      await driver.settle()
      const good = sent.filter(({ value }) => value === '1')
      const bad = sent.filter(({ value }) => value !== '1')
      const rows = [0, 1].flatMap((p) => [...driver.task(p).table('sums').range()])
      const sums = Object.fromEntries(rows.map(({ key, value }) => [key, Number(value.toString())]))
      expect(sums).toEqual(Object.fromEntries(KEYS.map((key) => [key, good.filter((it) => it.key === key).length])))
      const dead = await driver.readAtLeast(topology.outputs['dead-letters']!, bad.length)
      const places = dead.map((it) => `${header(it, 'quorate-partition')}@${header(it, 'quorate-offset')}`)
      expect(new Set(places).size).toBe(places.length)
      expect(dead.map(({ value }) => value!.toString()).sort()).toEqual(bad.map(({ value }) => value).sort())
      for (const partition of [0, 1]) expect(driver.task(partition)).toMatchObject({ lag: 0, state: 'running' })
    }

    it.each(POISON)('goes to the dead letters once, and all others are applied: %s', async (kind) => {
      const sent = mixed(40, 9, [kind])
      await driver.pipe(...sent)
      await driver.start()
      await expectApplied(sent)
    })

    it('does so among others of every kind, in a backlog and as they come', async () => {
      const sent = mixed(300, 17)
      await driver.pipe(...sent)
      await driver.start()
      await expectApplied(sent)
      const more = mixed(60, 7)
      for (const record of more) await driver.pipe(record)
      await expectApplied([...sent, ...more])
    })

    it('is named in its dead letter', async () => {
      await driver.start()
      await driver.pipe({ key: 'a', value: 'throws' }, { key: 'a', value: 'large-row' })
      await driver.settle()
      const dead = await driver.readAtLeast(topology.outputs['dead-letters']!, 2)
      expect(dead.map((it) => header(it, 'quorate-reason'))).toEqual([
        'TypeError: at the record',
        expect.stringMatching(/^STREAMS_ROW_TOO_LARGE: /),
      ])
    })

    it.each(COMMIT_STEPS)('has one outcome when the process dies meanwhile with a commit %s', async (step) => {
      await driver.start()
      const sent = mixed(60, 10)
      const died = driver.crashAt(step)
      await driver.pipe(...sent)
      await died
      await driver.start()
      const again = driver.crashAt(step)
      const more = mixed(60, 10)
      await driver.pipe(...more)
      await again
      await driver.start()
      await expectApplied([...sent, ...more])
    })

    it('refuses submitted work of its kind alone', async () => {
      await driver.start()
      const task = driver.task(0)
      const put = (key: string, bytes: number) =>
        task.submit((context) => context.table('sums').put(key, Buffer.alloc(bytes, '1')))
      const results = await Promise.allSettled([put('x', 1), put('y', MAX_ROW_BYTES + 1), put('z', 1)])
      expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
      expect([...driver.task(0).table('sums').range()].map(({ key }) => key)).toEqual(['x', 'z'])
    })
  })
}
