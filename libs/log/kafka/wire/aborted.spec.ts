import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { LogRecord } from '../../src'
import { BatchDecoder, type AbortedTransaction } from './batch-decoder'
import { encodeBatch, stampBatch } from './batch-encoder'
import { BATCH } from './batch-layout'
import { crc32c } from './crc32c'
import { writeInt64 } from './int64'

/** A partition as transactional producers write it, and what read_committed makes of it. */
class Partition {
  private readonly batches: Buffer[] = []
  private end = 0

  data(producerId: number, ...values: (string | Buffer)[]): this {
    const out = Buffer.alloc(1000)
    const records = values.map((value) => ({ topic: 't', partition: 0, key: value, value }))
    const { bytes } = encodeBatch(records, 0, records.length, out, 0, 1000, 0)
    const batch = out.subarray(0, bytes)
    stampBatch(batch, { producerId, epoch: 0, transactional: true }, 0)
    return this.add(batch, values.length)
  }

  /** A marker that Kafka itself wrote, with its producer exchanged. */
  marker(kind: 'abort' | 'commit', producerId: number): this {
    const batch = readFileSync(join(__dirname, '..', 'testing', 'fixtures', `${kind}-marker.bin`))
    writeInt64(batch, BATCH.producerId, producerId)
    batch.writeUInt32BE(crc32c(batch, BATCH.attributes), BATCH.crc)
    return this.add(batch, 1)
  }

  read(aborted: AbortedTransaction[], from = 0): (string | undefined)[] {
    const records: LogRecord[] = []
    const decoder = new BatchDecoder(Buffer.concat(this.batches), from, aborted)
    decoder.decode(records)
    expect(decoder.next).toBe(this.end)
    return records.map(({ value }) => value?.toString())
  }

  private add(batch: Buffer, count: number): this {
    writeInt64(batch, BATCH.baseOffset, this.end)
    this.end += count
    this.batches.push(batch)
    return this
  }
}

describe('aborted transactions', () => {
  it('are left out, and the next one of the same producer is not', () => {
    const partition = new Partition().data(1, 'a0').marker('abort', 1).data(1, 'a1').marker('commit', 1)
    expect(partition.read([{ producerId: 1, firstOffset: 0 }])).toEqual(['a1'])
  })

  it('do not end at a record whose key looks like an abort marker', () => {
    const zeroKey = Buffer.alloc(4)
    const partition = new Partition().data(1, 'a0').data(1, zeroKey).data(1, 'a2').marker('abort', 1).data(2, 'b')
    expect(partition.read([{ producerId: 1, firstOffset: 0 }])).toEqual(['b'])
  })

  it('may interleave, and come in the order in which they ended', () => {
    const partition = new Partition()
      .data(1, 'a0')
      .data(3, 'c1')
      .data(2, 'b2')
      .data(1, 'a3')
      .marker('abort', 2)
      .data(2, 'b5')
      .marker('commit', 2)
      .marker('abort', 1)
      .data(1, 'a8')
      .marker('commit', 3)
    const inOrderOfCompletion = [
      { producerId: 2, firstOffset: 2 },
      { producerId: 1, firstOffset: 0 },
    ]
    expect(partition.read(inOrderOfCompletion)).toEqual(['c1', 'b5', 'a8'])
  })

  it('that were open before the first offset read are left out from there on', () => {
    const partition = new Partition()
      .data(1, 'a0')
      .data(2, 'b1')
      .data(2, 'b2')
      .data(1, 'a3')
      .marker('abort', 2)
      .marker('abort', 1)
      .data(1, 'a6')
    const aborted = [
      { producerId: 2, firstOffset: 1 },
      { producerId: 1, firstOffset: 0 },
    ]
    for (const from of [0, 1, 2, 3, 4, 5, 6]) expect(partition.read(aborted, from)).toEqual(['a6'])
  })

  it('of a producer that aborted twice are left out twice', () => {
    const partition = new Partition()
      .data(1, 'a0')
      .marker('abort', 1)
      .data(1, 'a2')
      .marker('commit', 1)
      .data(1, 'a4', 'a5')
      .marker('abort', 1)
      .data(1, 'a7')
    const aborted = [
      { producerId: 1, firstOffset: 4 },
      { producerId: 1, firstOffset: 0 },
    ]
    expect(partition.read(aborted)).toEqual(['a2', 'a7'])
  })
})
