import type { PartitionReader } from '@quorate/log'
import { collect, records } from './collect'
import { refusal, type Subject } from './subject'

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)
const values = (read: readonly { value: Buffer | null }[]) => read.map((record) => Number(record.value!.toString()))

export function describeReaders(subject: Subject): void {
  describe('a reader', () => {
    const open: PartitionReader[] = []
    const readerOf = (topic: string, from = 0, more: { partition?: number; maxBytes?: number } = {}) => {
      const reader = subject.log.reader({ topic, partition: 0, from, ...more })
      open.push(reader)
      return reader
    }
    afterEach(() => open.splice(0).forEach((reader) => reader.close()))

    const filled = async (count: number, changes: Parameters<Subject['topic']>[0] = {}) => {
      const topic = await subject.topic(changes)
      await subject.log.append(records(topic, 0, numbers(0, count)))
      return topic
    }

    it('delivers what is there in offset order, and says where it and the log are', async () => {
      const topic = await filled(100)
      const reader = readerOf(topic)
      expect(reader.position).toBe(0)
      const batch = await reader.next(10_000)
      expect(batch).toMatchObject({ topic, partition: 0, end: 100 })
      expect(batch.records.length).toBeGreaterThan(0)
      expect(batch.next).toBe(batch.records.at(-1)!.offset + 1)
      expect(reader.position).toBe(batch.next)
      const rest = await collect(reader, 100 - batch.records.length)
      const all = [...batch.records, ...rest]
      expect(values(all)).toEqual(numbers(0, 100))
      expect(all.map((record) => record.offset)).toEqual(numbers(0, 100))
      expect(reader.position).toBe(100)
    })

    it('begins at any offset', async () => {
      const topic = await filled(100)
      for (const from of [1, 50, 99]) {
        expect(values(await collect(readerOf(topic, from), 100 - from))).toEqual(numbers(from, 100))
      }
    })

    it('begins at any offset of records appended one by one', async () => {
      const topic = await subject.topic()
      for (let i = 0; i < 20; i++) await subject.log.append(records(topic, 0, [i]))
      for (const from of [0, 7, 19]) {
        expect(values(await collect(readerOf(topic, from), 20 - from))).toEqual(numbers(from, 20))
      }
    })

    it('reads its partition alone', async () => {
      const topic = await subject.topic({ partitions: 3 })
      await subject.log.append([0, 1, 2].flatMap((partition) => records(topic, partition, [partition])))
      expect(values(await collect(readerOf(topic, 0, { partition: 1 }), 1))).toEqual([1])
    })

    it('answers an empty batch after the time it may wait', async () => {
      const topic = await filled(3)
      const reader = readerOf(topic, 3)
      const start = performance.now()
      expect(await reader.next(200)).toMatchObject({ topic, partition: 0, records: [], next: 3, end: 3 })
      const waited = performance.now() - start
      expect(waited).toBeGreaterThan(150)
      expect(waited).toBeLessThan(10_000)
      expect(reader.position).toBe(3)
    })

    it('that waits is told as soon as something is appended', async () => {
      const topic = await filled(3)
      const reader = readerOf(topic, 3)
      expect((await reader.next(1)).records).toEqual([])
      const waiting = collect(reader, 1)
      await subject.other.append(records(topic, 0, [3]))
      const appended = performance.now()
      expect(values(await waiting)).toEqual([3])
      expect(performance.now() - appended).toBeLessThan(5_000)
    })

    it('goes on while others append, and misses nothing', async () => {
      const topic = await subject.topic()
      const reading = collect(readerOf(topic), 500)
      for (let i = 0; i < 500; i += 10) await subject.other.append(records(topic, 0, numbers(i, i + 10)))
      expect(values(await reading)).toEqual(numbers(0, 500))
    })

    it('reads no more ahead than it may, but a larger record still', async () => {
      const topic = await subject.topic()
      const sizes = [10, 20_000, 10, 10, 300_000, 10]
      await subject.log.append(sizes.map((size, i) => ({ topic, partition: 0, key: `${i}`, value: 'x'.repeat(size) })))
      const reader = readerOf(topic, 0, { maxBytes: 1_000 })
      const read = await collect(reader, sizes.length)
      expect(read.map((record) => record.value!.length)).toEqual(sizes)
    })

    it('delivers a long log in pieces', async () => {
      const topic = await filled(5_000)
      const reader = readerOf(topic, 0, { maxBytes: 4_096 })
      let batches = 0
      const read: number[] = []
      while (read.length < 5_000) {
        const batch = await reader.next(10_000)
        if (batch.records.length > 0) batches++
        read.push(...values(batch.records))
        expect(batch.end).toBe(5_000)
      }
      expect(read).toEqual(numbers(0, 5_000))
      expect(batches).toBeGreaterThan(5)
    })

    it('does not depend on other readers of the same partition', async () => {
      const topic = await filled(1_000)
      const readers = [0, 400, 900].map((from) => readerOf(topic, from, { maxBytes: 2_000 }))
      const read = await Promise.all(readers.map((reader) => collect(reader, 1_000 - reader.position)))
      expect(read.map(values)).toEqual([numbers(0, 1_000), numbers(400, 1_000), numbers(900, 1_000)])
    })

    it('refuses an offset that is not yet in the log, and says what is', async () => {
      const topic = await filled(3)
      const error = await refusal(readerOf(topic, 4).next(5_000), 'LOG_OFFSET_OUT_OF_RANGE')
      expect(error.range).toEqual({ start: 0, end: 3 })
    })

    const { truncate } = subject.underTest
    if (truncate) {
      it('refuses an offset that is no longer in the log, and says what is', async () => {
        const topic = await filled(10)
        await truncate(subject.log, topic, 0, 4)
        expect(await subject.log.offsets(topic)).toEqual([{ partition: 0, start: 4, end: 10 }])
        const error = await refusal(readerOf(topic, 3).next(5_000), 'LOG_OFFSET_OUT_OF_RANGE')
        expect(error.range).toEqual({ start: 4, end: 10 })
        expect(values(await collect(readerOf(topic, 4), 6))).toEqual(numbers(4, 10))
      })
    }

    it('that is closed answers nothing more, not even to who waits', async () => {
      const topic = await filled(3)
      const reader = readerOf(topic, 3)
      const waiting = refusal(reader.next(30_000), 'LOG_CLOSED')
      setImmediate(() => reader.close())
      await waiting
      await refusal(reader.next(), 'LOG_CLOSED')
      reader.close()
    })
  })
}
