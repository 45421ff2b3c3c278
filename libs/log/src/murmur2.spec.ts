import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { murmur2, partitionOf } from './murmur2'

/** Answers of the Java client (libs/log/kafka/testing/fixtures/Generate.java); keys in hex. */
const golden = JSON.parse(
  readFileSync(join(__dirname, '..', 'kafka', 'testing', 'fixtures', 'murmur2.json'), 'utf8'),
) as readonly { readonly key: string; readonly hash: number; readonly partitionOf12: number }[]

describe('murmur2', () => {
  it.each(golden)('of $key is what the Java client says', ({ key, hash, partitionOf12 }) => {
    const bytes = Buffer.from(key, 'hex')
    expect(murmur2(bytes)).toBe(hash)
    expect(partitionOf(bytes, 12)).toBe(partitionOf12)
  })

  it('takes strings as UTF-8', () => {
    for (const key of ['site/x', 'Grüße', '東京 🚦']) {
      const { partitionOf12 } = golden.find((each) => each.key === Buffer.from(key).toString('hex'))!
      expect(partitionOf(key, 12)).toBe(partitionOf12)
    }
  })
})
