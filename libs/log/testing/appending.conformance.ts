import type { LogRecord, OutRecord } from '@quorate/log'
import { readTo, records } from './collect'
import { refusal, type Subject } from './subject'

const plain = ({ key, value, headers }: LogRecord) => ({
  key: key && key.toString('latin1'),
  value: value && value.toString('latin1'),
  headers: headers.map(([name, content]) => [name, content.toString('latin1')]),
})
const latin1 = (text: string) => Buffer.from(text).toString('latin1')

export function describeAppending(subject: Subject): void {
  describe('appending', () => {
    it('answers where each record lies, in the order of the records', async () => {
      const topic = await subject.topic({ partitions: 3 })
      const out = [2, 0, 2, 1, 0, 2].map((partition, i) => ({ topic, partition, key: `${i}`, value: `${i}` }))
      const positions = await subject.log.append(out)
      expect(positions).toEqual(
        [0, 0, 1, 0, 1, 2].map((offset, i) => ({ topic, partition: out[i]!.partition, offset })),
      )
      const more = await subject.log.append(records(topic, 2, [7]))
      expect(more).toEqual([{ topic, partition: 2, offset: 3 }])
      const read = await readTo(subject.log, topic, 2)
      expect(read.map(({ offset, value }) => [offset, value!.toString()])).toEqual([
        [0, '0'],
        [1, '2'],
        [2, '5'],
        [3, '7'],
      ])
    })

    it('of nothing does nothing', async () => {
      expect(await subject.log.append([])).toEqual([])
    })

    it('gives records the time of the append, which never runs backwards', async () => {
      const topic = await subject.topic()
      const before = Date.now()
      for (let i = 0; i < 20; i++) await subject.log.append(records(topic, 0, [i]))
      const times = (await readTo(subject.log, topic, 0)).map((record) => record.timestamp)
      expect(times).toHaveLength(20)
      expect(times).toEqual([...times].sort((a, b) => a - b))
      // The log's clock may be another machine's.
      expect(Math.abs(times[0]! - before)).toBeLessThan(60_000)
      expect(times.every(Number.isInteger)).toBe(true)
    })

    it('keeps nulls, empty keys and values, unicode, bytes and headers as they are', async () => {
      const topic = await subject.topic()
      const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i))
      const text = 'Grüße, 東京 🚦 \u0000 \uffff'
      const contents: Pick<OutRecord, 'key' | 'value' | 'headers'>[] = [
        { key: null, value: 'a null key' },
        { key: '', value: 'an empty key' },
        { key: 'a null value', value: null },
        { key: 'an empty value', value: '' },
        { key: Buffer.alloc(0), value: Buffer.alloc(0) },
        { key: null, value: null },
        { key: text, value: text },
        { key: bytes, value: bytes },
        {
          key: 'headers',
          value: 'v',
          headers: [
            ['ce_type', 'a'],
            ['twice', '1'],
            ['twice', bytes],
            ['', ''],
            [text, text],
          ],
        },
      ]
      await subject.log.append(contents.map((content) => ({ topic, partition: 0, ...content })))
      const read = await readTo(subject.log, topic, 0)
      const asRead = (value: Buffer | string | null) =>
        value === null ? null : typeof value === 'string' ? latin1(value) : value.toString('latin1')
      expect(read.map(plain)).toEqual(
        contents.map(({ key, value, headers = [] }) => ({
          key: asRead(key),
          value: asRead(value),
          headers: headers.map(([name, content]) => [name, asRead(content)]),
        })),
      )
    })

    it('refuses a record larger than its topic takes, and goes on', async () => {
      const topic = await subject.topic({ maxMessageBytes: 10_000 })
      const error = await refusal(
        subject.log.append([{ topic, partition: 0, key: 'k', value: 'x'.repeat(20_000) }]),
        'LOG_RECORD_TOO_LARGE',
      )
      expect(error.action).toBe('refuse')
      await subject.log.append([{ topic, partition: 0, key: 'k', value: 'x'.repeat(9_000) }])
      const read = await readTo(subject.log, topic, 0)
      expect(read.map((record) => record.value!.length)).toEqual([9_000])
    })

    it('takes others of the same moment beside one that is too large', async () => {
      const topic = await subject.topic({ maxMessageBytes: 10_000 })
      const append = (value: string) => subject.log.append([{ topic, partition: 0, key: null, value }])
      const appends = [append('a'), append('x'.repeat(20_000)), append('b')]
      await refusal(appends[1]!, 'LOG_RECORD_TOO_LARGE')
      await Promise.all([appends[0], appends[2]])
      expect((await readTo(subject.log, topic, 0)).map(({ value }) => value!.toString())).toEqual(['a', 'b'])
    })

    it('takes many records at once although together they exceed what one message may have', async () => {
      const topic = await subject.topic({ maxMessageBytes: 10_000 })
      const values = Array.from({ length: 100 }, (_, i) => `${i}`.padEnd(5_000, 'x'))
      await subject.log.append(values.map((value) => ({ topic, partition: 0, key: null, value })))
      expect((await readTo(subject.log, topic, 0)).map((record) => record.value!.toString())).toEqual(values)
    })

    it("keeps each caller's order when many append at once", async () => {
      const topic = await subject.topic({ partitions: 2 })
      const callers = Array.from({ length: 10 }, (_, caller) =>
        Promise.all(
          Array.from({ length: 30 }, (_, i) =>
            subject.log.append([
              { topic, partition: caller % 2, key: `${caller}`, value: `${i}` },
              { topic, partition: 1 - (caller % 2), key: `${caller}`, value: `${i}` },
            ]),
          ),
        ),
      )
      const positions = (await Promise.all(callers)).flat(2)
      expect(new Set(positions.map(({ partition, offset }) => `${partition}@${offset}`)).size).toBe(600)
      for (const partition of [0, 1]) {
        const read = await readTo(subject.log, topic, partition)
        expect(read).toHaveLength(300)
        for (let caller = 0; caller < 10; caller++) {
          const own = read.filter((record) => record.key!.toString() === `${caller}`)
          expect(own.map((record) => Number(record.value!.toString()))).toEqual(Array.from({ length: 30 }, (_, i) => i))
        }
      }
    })
  })
}
