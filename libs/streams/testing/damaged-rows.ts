import fc from 'fast-check'

/** One record of a changelog or of settings. */
export interface KeyedRow {
  readonly key: string | Buffer | null
  readonly value: Buffer | null
}

const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((it) => Buffer.from(it))

/** What is done to the bytes of a row that the program wrote. Places are fractions of its length. */
type Damage =
  | { readonly kind: 'cut'; readonly at: number }
  | { readonly kind: 'flips'; readonly flips: readonly (readonly [at: number, mask: number])[] }
  | { readonly kind: 'longer'; readonly tail: Buffer }
  | { readonly kind: 'repeated'; readonly times: number }
  | { readonly kind: 'replaced'; readonly by: Buffer | null }

const fraction = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })
const damage: fc.Arbitrary<Damage> = fc.oneof(
  fraction.map((at): Damage => ({ kind: 'cut', at })),
  fc
    .array(fc.tuple(fraction, fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 6 })
    .map((flips): Damage => ({ kind: 'flips', flips })),
  bytes(60).map((tail): Damage => ({ kind: 'longer', tail })),
  fc.constantFrom(2, 100, 5_000).map((times): Damage => ({ kind: 'repeated', times })),
  fc
    .oneof(
      bytes(200),
      fc.json().map((it) => Buffer.from(it)),
      fc.constant(null),
    )
    .map((by): Damage => ({ kind: 'replaced', by })),
)

function damaged(value: Buffer, it: Damage): Buffer | null {
  if (it.kind === 'cut') return value.subarray(0, Math.floor(it.at * value.length))
  if (it.kind === 'longer') return Buffer.concat([value, it.tail])
  if (it.kind === 'replaced') return it.by
  if (it.kind === 'repeated') {
    const times = Math.min(it.times, Math.floor(900_000 / Math.max(1, value.length)))
    return Buffer.concat(Array.from({ length: times }, () => value))
  }
  const copy = Buffer.from(value)
  if (copy.length > 0) for (const [at, mask] of it.flips) copy[Math.floor(at * copy.length)]! ^= mask
  return copy
}

/** One thing that somebody else wrote among the program's rows, or that became of one of them. */
export type Intrusion = (rows: readonly KeyedRow[]) => KeyedRow

export interface Intruders {
  /** Keys that mean something, for values that do not. */
  readonly keys: readonly string[]
}

/** Arbitrary records, and rows of the program with arbitrary damage, under their own keys or under those of others. */
export function intrusions({ keys }: Intruders): fc.Arbitrary<Intrusion> {
  const key = fc.oneof(fc.constantFrom(...keys), fc.string({ maxLength: 600 }), bytes(60), fc.constant(null))
  const value = fc.oneof(
    bytes(300),
    fc.json().map((it) => Buffer.from(it)),
    fc.constant(null),
    fc.constant(Buffer.alloc(900_000, 'x')),
  )
  const foreign = fc.record({ key, value }).map(
    (it): Intrusion =>
      () =>
        it,
  )
  const spoilt = fc
    .record({ row: fraction, damage, place: fc.option(fraction, { freq: 4 }), under: fc.option(key, { freq: 8 }) })
    .map(({ row, damage: how, place, under }): Intrusion => (rows) => {
      const at = (it: number) => rows[Math.floor(it * rows.length)]!
      const { value: before } = at(row)
      return { key: under ?? at(place ?? row).key, value: damaged(before ?? Buffer.alloc(0), how) }
    })
  return fc.oneof({ weight: 1, arbitrary: foreign }, { weight: 4, arbitrary: spoilt })
}
