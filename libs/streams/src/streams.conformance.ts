import type { Log } from '@quorate/log'
import { randomUUID } from 'node:crypto'
import { TestDriver } from '../testing'
import type { Processor, TaskBatch, TaskContext } from './context'
import { COMMIT_STEPS } from './task/commit'
import type { RunningTask } from './streams'
import type { Topology } from './topology'

/** Sums what it reads by key, and forwards each new sum: state, sink and cuts in the smallest program. */
class Sums implements Processor {
  process(batch: TaskBatch, context: TaskContext): number {
    const table = context.table('sums')
    for (const record of batch.records) {
      if (context.full) return record.offset
      if (record.key === null) continue
      const key = record.key.toString()
      const sum = Number(table.get(key)?.toString() ?? 0) + Number(record.value!.toString())
      table.put(key, Buffer.from(String(sum)))
      context.forward('sums', { key, value: String(sum) })
    }
    return batch.next
  }
}

export function topologyOf(prefix: string, partitions = 4): Topology {
  const topic = (name: string, cleanupPolicy: 'delete' | 'compact') => ({
    name: `${prefix}.${name}`,
    partitions,
    cleanupPolicy,
    timestampType: 'LogAppendTime' as const,
  })
  return {
    applicationId: 'sums',
    group: `${prefix}.sums`,
    source: `${prefix}.numbers`,
    outputs: { sums: `${prefix}.totals` },
    changelog: `${prefix}.sums.changelog`,
    tables: [{ name: 'sums' }],
    schemaVersion: 1,
    topics: [topic('numbers', 'delete'), topic('totals', 'delete'), topic('sums.changelog', 'compact')],
    clock: 'log',
  }
}

/** What a stream application promises, on whatever log: each row of DESIGN.md's crash table is a test here. */
export function describeStreams(name: string, openLog?: () => Promise<Log>): void {
  describe(`streams on ${name}`, () => {
    const keys = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
    let log: Log | undefined
    let driver: TestDriver
    let topology: Topology

    beforeAll(async () => {
      log = await openLog?.()
    })
    afterAll(() => log?.close())
    beforeEach(async () => {
      topology = topologyOf(`t${randomUUID().slice(0, 8)}`)
      driver = await TestDriver.open({
        topology,
        processor: () => new Sums(),
        limits: { rows: 7 },
        ...(log ? { log, heartbeatMs: 200 } : {}),
      })
    })
    afterEach(() => driver.close())

    /** Pipes `rounds` ones for every key. */
    const pipe = (rounds: number): Promise<void> =>
      driver.pipe(...Array.from({ length: rounds }, () => keys.map((key) => ({ key, value: '1' }))).flat())

    const stored = (): Record<string, number> =>
      Object.fromEntries(
        [0, 1, 2, 3].flatMap((p) =>
          [...driver.task(p).table('sums').range()].map((row) => [row.key, Number(row.value.toString())]),
        ),
      )

    /** Every key was counted `n` times, in the store, and once each, in order, in the sink. */
    const expectCounted = async (n: number): Promise<void> => {
      await driver.settle()
      expect(stored()).toEqual(Object.fromEntries(keys.map((key) => [key, n])))
      // Kafka makes a committed transaction readable a little after it has answered the commit.
      const sink = await driver.readAtLeast(topology.outputs.sums!, n * keys.length)
      for (const key of keys) {
        const sums = sink.filter((r) => r.key!.toString() === key).map((r) => Number(r.value!.toString()))
        expect(sums).toEqual(Array.from({ length: n }, (_, i) => i + 1))
      }
    }

    it('counts each record once, whatever the cuts', async () => {
      await driver.start()
      await pipe(10)
      await expectCounted(10)
      await pipe(5)
      await expectCounted(15)
    })

    it.each(COMMIT_STEPS)('loses and repeats nothing when it dies with a commit %s', async (step) => {
      await driver.start()
      await pipe(3)
      await driver.settle()
      const died = driver.crashAt(step)
      await pipe(3)
      await died
      await driver.start()
      await expectCounted(6)
    })

    it.each(COMMIT_STEPS)('does so too when its disk is lost with it (%s)', async (step) => {
      await driver.start()
      await pipe(3)
      const died = driver.crashAt(step)
      await pipe(3)
      await died
      driver.loseDisk()
      await driver.start()
      await expectCounted(6)
    })

    it('goes on from the local file after a clean stop, reading no row of the changelog', async () => {
      await driver.start()
      await pipe(4)
      await expectCounted(4)
      await driver.stop()
      await pipe(1)
      const streams = await driver.start()
      // At most the marker that ended the last transaction lies behind the file's position.
      for (const { restore } of streams.tasks()) expect(restore.restored).toBeLessThanOrEqual(1)
      await expectCounted(5)
    })

    it('shares partitions out, hands them over, and takes them back', async () => {
      const a = await driver.start('a')
      await pipe(3)
      await driver.settle()
      const b = await driver.start('b')
      expect(a.tasks()).toHaveLength(2)
      expect(b.tasks()).toHaveLength(2)
      await pipe(3)
      await expectCounted(6)
      for (const p of [0, 1, 2, 3]) {
        expect(a.owner(p)?.url).toBe(b.owner(p)?.url)
        expect(a.owner(p)?.self).toBe(a.task(p) !== undefined)
      }
      await driver.stop('a')
      await pipe(2)
      await expectCounted(8)
      expect(b.tasks()).toHaveLength(4)
    })

    describe('with standbys', () => {
      const sumsIn = (task: RunningTask): Record<string, number> =>
        Object.fromEntries([...task.table('sums').range()].map((row) => [row.key, Number(row.value.toString())]))

      /** Both instances follow what the other owns, to its end. */
      const followed = async (): Promise<void> => {
        for (const p of [0, 1, 2, 3]) {
          const { position, lag } = driver.task(p)
          const standby = await driver.standby(p)
          if (position > 0) await standby.reached(position - 1, 20_000)
          expect(lag).toBe(0)
        }
      }

      it('keeps a copy of each partition beside its owner, in whole commits', async () => {
        const a = await driver.start('a')
        const b = await driver.start('b')
        await pipe(5)
        await driver.settle()
        await followed()
        for (const p of [0, 1, 2, 3]) {
          const standby = await driver.standby(p)
          expect([standby.role, standby.state, standby.owned]).toEqual(['standby', 'restoring', false])
          expect(sumsIn(standby)).toEqual(sumsIn(driver.task(p)))
          expect(standby.time).toBe(driver.task(p).time)
          expect(a.task(p) === undefined).toBe(a.standby(p) !== undefined)
          expect(a.standbysOf(p).map(({ url }) => url)).toEqual([a.task(p) ? 'http://b' : 'http://a'])
          await expect(standby.submit(() => undefined)).rejects.toMatchObject({ code: 'STREAMS_NOT_OWNER' })
        }
        expect(b.standbys()).toHaveLength(2)
      })

      it.each(COMMIT_STEPS)(
        'makes them active without a restore when the owner dies with a commit %s',
        async (step) => {
          await driver.start('a')
          const b = await driver.start('b')
          await pipe(20)
          await driver.settle()
          await followed()
          const rows = 20 * keys.length
          const died = driver.crashAt(step, 'a')
          await pipe(3)
          await died
          await expectCounted(23)
          expect(b.tasks()).toHaveLength(4)
          // What died with the owner, at most; not what had been there before.
          for (const { restore } of b.tasks()) expect(restore.total).toBeLessThan(rows / 2)
        },
      )

      it('lets an owner become a standby and an owner again, with the file it has', async () => {
        await driver.start('a')
        await pipe(3)
        await driver.settle()
        for (let round = 0; round < 3; round++) {
          await driver.start('b')
          await pipe(1)
          await driver.settle()
          await followed()
          await driver.stop('b')
          await pipe(1)
          await driver.settle()
        }
        await expectCounted(9)
        expect(driver.streams('a').standbys()).toHaveLength(0)
      })
    })

    it('waits for a position, and says when it does not come', async () => {
      const streams = await driver.start()
      const [position] = await streams.append([{ key: 'a', value: '1' }])
      const task = streams.task(position!.partition)!
      await task.reached(position!.offset, 10_000)
      expect(task.position).toBeGreaterThan(position!.offset)
      await expect(task.reached(position!.offset + 1, 50)).rejects.toMatchObject({ code: 'STREAMS_TIMEOUT' })
    })

    it('commits submitted work as part of its sequence, and refuses alone what throws', async () => {
      const streams = await driver.start()
      const task = streams.task(0)!
      const results = await Promise.allSettled([
        task.submit((context) => (context.table('sums').put('x', Buffer.from('1')), 'done')),
        task.submit(() => {
          throw new Error('not this one')
        }),
        task.submit((context) => context.table('sums').get('x')?.toString()),
      ])
      expect(results.map((r) => (r.status === 'fulfilled' ? r.value : (r.reason as Error).message))).toEqual([
        'done',
        'not this one',
        '1',
      ])
      expect(task.table('sums').get('x')?.toString()).toBe('1')
    })

    it('writes one record to every partition at once', async () => {
      const streams = await driver.start()
      const positions = await streams
        .broadcast({ key: null, value: 'hello', headers: [['ce_type', 'policy-set']] })
        .catch((error: unknown) => error)
      expect(positions).toHaveLength(4)
      expect((await driver.readAtLeast(topology.source, 4)).map((r) => r.value!.toString())).toEqual([
        'hello',
        'hello',
        'hello',
        'hello',
      ])
    })

    it('writes those of one moment one after the other, in the same order everywhere', async () => {
      const streams = await driver.start()
      const texts = ['a', 'b', 'c', 'd', 'e']
      const written = await Promise.all(texts.map((value) => streams.broadcast({ key: null, value, headers: [] })))
      expect(written.map((positions) => positions.length)).toEqual([4, 4, 4, 4, 4])
      // Readable a little after the commit has been answered.
      const records = await driver.readAtLeast(topology.source, 4 * texts.length)
      const byPartition = records.map(({ value }) => value!.toString())
      expect(byPartition).toEqual([...texts, ...texts, ...texts, ...texts])
    })
  })
}
