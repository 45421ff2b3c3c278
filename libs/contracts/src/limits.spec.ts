import fc from 'fast-check'
import { createHash } from 'node:crypto'
import { cutText, DEAD_LETTER, deadLetterOf, decodeSource, isDeeper, LIMITS, messageBytesOf, tooDeepAt } from '.'

const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)

describe('a text that is cut', () => {
  it('fits, ends in an ellipsis, and is not cut inside a character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), fc.integer({ min: 3, max: 40 }), (text, most) => {
        const cut = cutText(text, most)
        expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(most)
        if (Buffer.byteLength(text) <= most) expect(cut).toBe(text)
        else {
          expect(cut.endsWith('…')).toBe(true)
          expect(text.startsWith(cut.slice(0, -1))).toBe(true)
        }
      }),
    )
  })
})

describe('depth', () => {
  it.each([
    ['1', 0],
    ['[]', 1],
    ['{"a":{}}', 2],
    ['[1,[2,[3]],{"a":[]}]', 3],
    [nested(64), 64],
    [nested(100_000), 100_000],
  ])('of %.30s is %i', (text, depth) => {
    const value: unknown = JSON.parse(text)
    expect(isDeeper(value, depth)).toBe(false)
    if (depth > 0) expect(isDeeper(value, depth - 1)).toBe(true)
  })

  it('of a document is told at the member that is too deep', () => {
    expect(tooDeepAt(JSON.parse(`{"a":1,"b/c":${nested(63)}}`))).toBeUndefined()
    expect(tooDeepAt(JSON.parse(`{"a":1,"b/c":${nested(64)}}`))).toBe('/b~1c')
  })
})

describe('evidence', () => {
  const decoded = (evidence: string) =>
    decodeSource({
      key: Buffer.from('o'),
      value: Buffer.from(`{"agent":"a","state":"up","evidence":${evidence}}`),
      headers: [],
    })

  it.each([62, 63])('may be nested %i deep: with its report that is at most 64', (depth) => {
    expect(decoded(nested(depth)).reject).toBeUndefined()
  })

  it.each([64, 65, 5_200, 30_000, 500_000])('nested %i deep is refused, also where no stack would hold it', (depth) => {
    expect(decoded(nested(depth)).reject).toBe('/evidence: must be nested at most 64 deep')
    expect(decoded('{"a":'.repeat(depth) + '1' + '}'.repeat(depth)).reject).toBe(
      '/evidence: must be nested at most 64 deep',
    )
  })
})

describe('a dead letter', () => {
  const origin = { topic: 'quorate.reports', partition: 7, offset: Number.MAX_SAFE_INTEGER }
  const said = (letter: ReturnType<typeof deadLetterOf>) =>
    Object.fromEntries(letter.headers.map(([name, value]) => [name, String(value)]))
  const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

  it('fits in its topic, whatever the original and the reason are', () => {
    const sizes = fc.oneof(
      fc.nat(300),
      fc.constantFrom(1_023, 1_024, 1_025, 4_096, 4_097, 1_048_576, 1_048_577, 3_000_000),
    )
    const bytes = sizes.map((size) => Buffer.alloc(size, 0xc3))
    const headers = fc.oneof(
      fc.array(
        fc.tuple(
          sizes.map((size) => '\ufffd'.repeat(size)),
          bytes,
        ),
        { maxLength: 3 },
      ),
      fc
        .nat(2_000)
        .map((count) => Array.from({ length: count }, () => ['\ufffd'.repeat(300), Buffer.alloc(2_000)] as const)),
    )
    const original = fc.record({ key: fc.option(bytes), value: fc.option(bytes), headers })
    fc.assert(
      fc.property(original, sizes, (record, reason) => {
        const letter = deadLetterOf(record, origin, '…'.repeat(reason))
        expect(messageBytesOf(letter)).toBeLessThanOrEqual(LIMITS.deadLetterMessageBytes)
        const cut = said(letter)[DEAD_LETTER.cut]?.split(',') ?? []
        expect(cut.includes('key')).toBe((record.key?.length ?? 0) > LIMITS.deadLetterKeyBytes)
        expect(cut.includes('value')).toBe((record.value?.length ?? 0) > LIMITS.deadLetterValueBytes)
        if (!cut.includes('headers')) expect(letter.headers.slice(0, record.headers.length)).toEqual(record.headers)
      }),
      { numRuns: 60 },
    )
  })

  it('of a record that fills the source is whole', () => {
    const value = Buffer.alloc(LIMITS.messageBytes - 100, 1)
    const letter = deadLetterOf({ key: Buffer.from('o'), value, headers: [] }, origin, 'r')
    expect(letter.value).toBe(value)
    expect(said(letter)[DEAD_LETTER.cut]).toBeUndefined()
  })

  it('of a larger value holds its beginning, whole characters of it, with length and hash of the whole', () => {
    const value = Buffer.from(`x${'é'.repeat(700_000)}`)
    const letter = deadLetterOf({ key: Buffer.alloc(5_000, 107), value, headers: [] }, origin, 'r')
    expect(letter.value!.length).toBe(LIMITS.deadLetterBeginningBytes - 1)
    expect(value.toString('utf8').startsWith(letter.value!.toString('utf8'))).toBe(true)
    expect(letter.key!.length).toBe(LIMITS.deadLetterKeyBytes)
    expect(said(letter)).toMatchObject({
      'quorate-cut': 'key,value',
      'quorate-key-bytes': '5000',
      'quorate-key-sha256': sha256(Buffer.alloc(5_000, 107)),
      'quorate-value-bytes': String(value.length),
      'quorate-value-sha256': sha256(value),
    })
  })

  it('of too many or too long headers says so', () => {
    const many = Array.from({ length: 33 }, (_, i) => [`h${i}`, Buffer.from('x')] as const)
    const none = { key: null, value: null }
    expect(said(deadLetterOf({ ...none, headers: many.slice(1) }, origin, 'r'))[DEAD_LETTER.cut]).toBeUndefined()
    expect(said(deadLetterOf({ ...none, headers: many }, origin, 'r'))).toMatchObject({
      'quorate-cut': 'headers',
      'quorate-header-count': '33',
    })
    const long = said(deadLetterOf({ ...none, headers: [['ce_type', Buffer.alloc(500_000, 65)]] }, origin, 'r'))
    expect(long).toMatchObject({ 'quorate-cut': 'headers', ce_type: 'A'.repeat(1_024) })
  })

  it('cannot be made to look cut, or as from elsewhere, by headers of the original', () => {
    const forged = Object.values(DEAD_LETTER).map((name) => [name, Buffer.from('forged')] as const)
    expect(said(deadLetterOf({ key: null, value: null, headers: forged }, origin, 'r'))).toEqual({
      'quorate-topic': 'quorate.reports',
      'quorate-partition': '7',
      'quorate-offset': String(Number.MAX_SAFE_INTEGER),
      'quorate-reason': 'r',
    })
  })
})
