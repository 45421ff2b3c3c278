import { header, type Log, LogError, type LogRecord, type PartitionReader, type ReaderOptions } from '@quorate/log'
import { KeyValueTable } from '@quorate/state-store'
import { randomUUID } from 'node:crypto'
import { TestDriver } from '../../testing'
import { COMMIT_STEPS } from '../task/commit'
import type { Processor, TaskBatch, TaskContext } from '../context'
import { requestSkip, type SkipRequest } from './operating'
import { topologyOf } from '../streams.conformance'
import type { Topology } from '../topology'

/** Sums what it reads; at the value `lethal` it fails as no record's content does, so nothing refuses the record. */
class Stuck implements Processor {
  process(batch: TaskBatch, context: TaskContext): number {
    const table = context.table('sums')
    for (const { key, value } of batch.records) {
      if (value!.toString() === 'lethal') throw Object.assign(new Error('no content'), { syscall: 'kill' })
      const sum = Number(table.get(key!.toString())?.toString() ?? 0) + Number(value)
      table.put(key!.toString(), Buffer.from(String(sum)))
    }
    return batch.next
  }
}

const operated = (topology: Topology): Topology => {
  const topic = (name: string, cleanupPolicy: 'delete' | 'compact') => ({
    name: `${topology.source}.${name}`,
    partitions: 1,
    cleanupPolicy,
    timestampType: 'CreateTime' as const,
  })
  const [letters, settings] = [topic('dead', 'delete'), topic('settings', 'compact')]
  return {
    ...topology,
    outputs: { ...topology.outputs, 'dead-letters': letters.name },
    settings: settings.name,
    topics: [...topology.topics, letters, settings],
  }
}

/** A log in which offsets of the source cannot be read, as of a batch that is at fault. */
function unreadable(log: Log, topic: string, first: number, last: number): Log {
  const reader = (options: ReaderOptions): PartitionReader => {
    const real = log.reader(options)
    if (options.topic !== topic) return real
    let at = options.from
    return {
      get position() {
        return at
      },
      close: () => real.close(),
      next: async (ms) => {
        if (at >= first && at <= last) throw new LogError('LOG_CORRUPT', `${topic} at ${first}`)
        const batch = await real.next(ms)
        const isBefore = at < first && batch.next > first
        at = isBefore ? first : batch.next
        if (!isBefore) return batch
        return { ...batch, records: batch.records.filter(({ offset }) => offset < first), next: first }
      },
    }
  }
  return new Proxy(log, {
    get: (target, name, receiver) => {
      if (name === 'reader') return reader
      const value: unknown = Reflect.get(target, name, receiver)
      return typeof value === 'function' ? (value as () => unknown).bind(target) : value
    },
  })
}

/** What an operator leaves out, on whatever log. */
export function describeSkipping(name: string, openLog: () => Promise<Log>): void {
  describe(`an operator's skip, on ${name}`, () => {
    let log: Log
    let driver: TestDriver
    let topology: Topology

    beforeAll(async () => {
      log = await openLog()
    })
    afterAll(() => log.close())
    const open = async (seen: Log = log) => {
      driver = await TestDriver.open({ topology, processor: () => new Stuck(), log: seen, heartbeatMs: 200 })
    }
    beforeEach(async () => {
      topology = operated(topologyOf(`t${randomUUID().slice(0, 8)}`, 2))
      await open()
    })
    afterEach(() => driver.close())

    const ask = (request: Partial<SkipRequest>, waitMs = 20_000) =>
      requestSkip(log, topology, { partition: 0, offset: 0, reason: 'it kills', by: 'alice', ...request }, waitMs)
    const pipe = (...values: string[]) => driver.pipe(...values.map((value) => ({ key: 'a', value, partition: 0 })))
    const letters = (): Promise<LogRecord[]> => driver.read(topology.outputs['dead-letters']!)
    const sum = () => driver.task(0).table('sums').get('a')?.toString()
    const said = async () =>
      (await letters()).map((it) => [
        ...['quorate-offset', 'quorate-through', 'quorate-by', 'quorate-kind'].map((name) => header(it, name)),
        it.value?.toString(),
      ])
    const instructions = async () => {
      const table = await KeyValueTable.open({ log, topic: topology.settings! })
      const keys = [...table.entries()].map(([key]) => key)
      await table.close()
      return keys
    }

    it('frees a partition that is stuck: one dead letter, and everything else is applied', async () => {
      await pipe('1', 'lethal', '1', '1')
      const streams = await driver.begin()
      while (!streams.conditions.has({ code: 'STREAMS_TASK_FAILED', partition: 0 }))
        await new Promise((done) => setTimeout(done, 20))
      expect(streams.ready).toBe(false)
      expect(await ask({ offset: 1 })).toMatchObject({ outcome: 'skipped', by: 'alice' })
      await driver.settle()
      await pipe('1')
      await driver.settle()
      expect(sum()).toBe('4')
      expect(driver.task(0)).toMatchObject({ lag: 0, state: 'running' })
      expect(await said()).toEqual([['1', undefined, 'alice', 'skipped', 'lethal']])
      expect(header((await letters())[0]!, 'quorate-reason')).toBe('skipped by alice: it kills')
      while ((await instructions()).length > 0) await new Promise((done) => setTimeout(done, 20))
      // Asked for again it is told who did it.
      expect(await ask({ offset: 1, by: 'bob' })).toMatchObject({ outcome: 'skipped', by: 'alice' })
      expect(await said()).toHaveLength(1)
    })

    it('that was written while no process lived is done by the next, whichever it is', async () => {
      await driver.start('a')
      await pipe('1')
      await driver.settle()
      await driver.stop('a')
      await pipe('1', 'lethal', 'lethal', '1')
      expect(await ask({ offset: 2 }, 0)).toMatchObject({ outcome: 'noted' })
      expect(await ask({ offset: 3, by: 'bob' }, 0)).toMatchObject({ outcome: 'noted' })
      await driver.start('b')
      await driver.settle()
      expect(sum()).toBe('3')
      expect((await said()).map(([offset, , by]) => [offset, by])).toEqual([
        ['2', 'alice'],
        ['3', 'bob'],
      ])
    })

    it('is done once when the process dies at it', async () => {
      for (const [i, step] of COMMIT_STEPS.entries()) {
        await driver.start()
        await pipe('1')
        await driver.settle()
        const died = driver.crashAt(step)
        await ask({ offset: 2 * i + 1 }, 0).catch(() => undefined)
        await pipe('lethal')
        await ask({ offset: 2 * i + 1 }, 0)
        await died
        await driver.start()
        await driver.settle()
        expect([sum(), (await said()).length]).toEqual([String(i + 1), i + 1])
        await driver.stop()
      }
    })

    it('answers what cannot be left out', async () => {
      await driver.start()
      await pipe('1', '1')
      await driver.settle()
      expect(await ask({ offset: 1 })).toMatchObject({ outcome: 'applied', position: 2 })
      expect(await ask({ offset: 2 })).toMatchObject({ outcome: 'beyond-end' })
      expect(await ask({ partition: 2 })).toEqual({ outcome: 'no-partition', partitions: 2 })
      expect([await said(), await instructions()]).toEqual([[], []])
    })

    it('of a stretch is read by nobody, and leaves one dead letter that names it', async () => {
      await driver.close()
      await open(unreadable(log, topology.source, 2, 4))
      await pipe('1', '1', 'x', 'y', 'z', '1')
      const streams = await driver.begin()
      while (!streams.conditions.has({ code: 'LOG_CORRUPT', partition: 0 }))
        await new Promise((done) => setTimeout(done, 20))
      expect(await ask({ offset: 2, through: 4, reason: 'a batch that cannot be read' })).toMatchObject({ outcome: 'skipped' }) // prettier-ignore
      while (driver.streams().task(0)?.state !== 'running') await new Promise((done) => setTimeout(done, 20))
      await driver.task(0).reached(5, 20_000)
      expect(sum()).toBe('3')
      expect(await said()).toEqual([['2', '4', 'alice', 'skipped', undefined]])
    })

    it('says nothing of another topic by that name', async () => {
      await driver.start()
      await pipe('1')
      await driver.settle()
      await pipe('1', '1')
      const instruction = { kind: 'skip', partition: 0, offset: 3, topicId: 'another', reason: '', by: '', at: '' }
      const key = 'streams/sums/skip/0@3'
      await log.append([{ topic: topology.settings!, partition: 0, key, value: JSON.stringify(instruction) }])
      await pipe('1')
      await driver.settle()
      expect([sum(), await said()]).toEqual(['4', []])
    })
  })
}
