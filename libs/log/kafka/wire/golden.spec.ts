import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { LogRecord } from '../../src'
import { BatchDecoder } from './batch-decoder'

/**
 * What Kafka's own Java classes wrote, and read back (testing/fixtures/Generate.java). Bytes are in hex; of large
 * batches, samples.
 */
interface Golden {
  readonly producerId: number
  readonly next: number
  readonly control: boolean
  readonly count: number
  readonly records: readonly {
    readonly offset: number
    readonly timestamp: number
    readonly key: string | null
    readonly value: string | null
    readonly headers?: readonly (readonly [string, string])[]
  }[]
}

const FIXTURES = join(__dirname, '..', 'testing', 'fixtures')
const golden = JSON.parse(readFileSync(join(FIXTURES, 'batches.json'), 'utf8')) as Record<string, Golden>

const hex = (bytes: Buffer | null) => (bytes === null ? null : bytes.toString('hex'))

describe('batches written by the Java client', () => {
  it.each(Object.keys(golden))('%s: are read as it reads them', (name) => {
    const expected = golden[name]!
    const decoder = new BatchDecoder(readFileSync(join(FIXTURES, `${name}.bin`)), 0, [])
    const read: LogRecord[] = []
    while (!decoder.done) decoder.decode(read, 500)
    expect(decoder.next).toBe(expected.next)
    if (expected.control) return expect(read).toEqual([])
    expect(read).toHaveLength(expected.count)
    const byOffset = new Map(read.map((record) => [record.offset, record]))
    for (const { headers = [], ...record } of expected.records) {
      const found = byOffset.get(record.offset)!
      expect({
        ...found,
        key: hex(found.key),
        value: hex(found.value),
        headers: found.headers.map(([n, v]) => [n, hex(v)]),
      }).toEqual({
        ...record,
        headers,
      })
    }
  })

  it('are all kinds there are', () => {
    expect(Object.keys(golden)).toHaveLength(18)
  })
})
