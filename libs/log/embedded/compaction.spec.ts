import fc from 'fast-check'
import type { LogRecord, OutRecord } from '../src/record'
import { openEmbeddedLog, type EmbeddedLog } from './index'
import { temporaryDirectories } from '../testing/temporary-directory'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const LAG = HOUR
const TOPIC = {
  name: 't',
  partitions: 1,
  cleanupPolicy: 'compact',
  timestampType: 'LogAppendTime',
  minCompactionLagMs: LAG,
} as const
const directory = temporaryDirectories('compaction')

let now = 0
const clock = { now: () => now }
const open = async () => {
  const log = await openEmbeddedLog({ memory: true }, clock)
  await log.ensureTopics([TOPIC])
  return log
}
const put = (key: string | null, value: string | null): OutRecord => ({ topic: 't', partition: 0, key, value })

/** Everything from an offset on, as a reader sees it, in small and large steps. */
async function read(log: EmbeddedLog, from = 0, maxBytes = 1 << 20): Promise<LogRecord[]> {
  const reader = log.reader({ topic: 't', partition: 0, from, maxBytes })
  const all: LogRecord[] = []
  const { end } = (await log.offsets('t'))[0]!
  while (reader.position < end) {
    const before = reader.position
    const batch = await reader.next(1_000)
    expect(reader.position).toBeGreaterThan(before)
    expect(batch.next).toBe(reader.position)
    all.push(...batch.records)
  }
  reader.close()
  return all
}
const seen = (all: readonly LogRecord[]) =>
  all.map(({ offset, key, value }) => [offset, key && key.toString(), value && value.toString()])

describe('compaction', () => {
  let log: EmbeddedLog
  beforeEach(async () => {
    now = 1_000 * DAY
    log = await open()
  })
  afterEach(() => log.close())

  it('keeps the last record of each key, with its offset and time, once what supersedes it is old enough', async () => {
    await log.append([put('a', '1'), put('b', '1'), put('a', '2')])
    now += 1_000
    await log.append([put('b', '2'), put(null, 'no key'), put('c', '1')])
    await log.compact()
    expect(await read(log)).toHaveLength(6)
    now += LAG
    await log.compact()
    const left = await read(log)
    expect(seen(left)).toEqual([
      [2, 'a', '2'],
      [3, 'b', '2'],
      [4, null, 'no key'],
      [5, 'c', '1'],
    ])
    expect(left.map(({ timestamp }) => timestamp - 1_000 * DAY)).toEqual([0, 1_000, 1_000, 1_000])
    expect(await log.offsets('t')).toEqual([{ partition: 0, start: 0, end: 6 }])
  })

  it('keeps what is superseded only by records that are too young', async () => {
    await log.append([put('a', '1')])
    now += LAG
    await log.append([put('a', '2')])
    await log.compact()
    expect(seen(await read(log))).toEqual([
      [0, 'a', '1'],
      [1, 'a', '2'],
    ])
    now += LAG
    await log.compact()
    expect(seen(await read(log))).toEqual([[1, 'a', '2']])
  })

  it('drops a tombstone a day after the round that met it, however old it was', async () => {
    await log.append([put('a', '1'), put('b', '1')])
    await log.append([put('a', null)])
    now += 30 * DAY
    await log.compact()
    const left = [
      [1, 'b', '1'],
      [2, 'a', null],
    ]
    expect(seen(await read(log))).toEqual(left)
    now += DAY - 1
    await log.compact()
    expect(seen(await read(log))).toEqual(left)
    now += 1
    await log.compact()
    expect(seen(await read(log))).toEqual([[1, 'b', '1']])
  })

  it('moves readers over holes, also at the beginning and the end', async () => {
    for (let i = 0; i < 50; i++) await log.append([put('a', `${i}`), put('b', `${i}`)])
    await log.append([put('a', null), put('b', null)])
    now += LAG
    await log.compact()
    now += DAY
    await log.compact()
    expect(await read(log)).toEqual([])
    const reader = log.reader({ topic: 't', partition: 0, from: 7 })
    expect(await reader.next(10_000)).toMatchObject({ records: [], next: 102, end: 102 })
    await log.append([put('c', '1')])
    expect(seen((await reader.next(10_000)).records)).toEqual([[102, 'c', '1']])
    expect(seen(await read(log, 101))).toEqual([[102, 'c', '1']])
  })

  it('packs many small runs into few', async () => {
    for (let i = 0; i < 300; i++) await log.append([put(`${i}`, 'x')])
    now += LAG
    await log.compact()
    const { connection } = log['database']
    expect(connection.prepare('SELECT count(*) FROM run_1').pluck().get()).toBe(1)
    expect(await read(log)).toHaveLength(300)
  })

  it('goes on from where it was after a new start, and forgets nothing of what it knew', async () => {
    const dir = directory()
    let file = await openEmbeddedLog({ dir }, clock)
    await file.ensureTopics([TOPIC])
    await file.append([put('a', '1'), put('a', '2'), put('b', '1'), put('b', null)])
    now += LAG
    await file.compact()
    await file.close()
    now += DAY
    file = await openEmbeddedLog({ dir }, clock)
    await file.append([put('a', '3')])
    await file.compact()
    expect(seen(await read(file))).toEqual([
      [1, 'a', '2'],
      [4, 'a', '3'],
    ])
    now += LAG
    await file.compact()
    expect(seen(await read(file))).toEqual([[4, 'a', '3']])
    await file.close()
  })

  it('disturbs neither writers nor readers while it runs', async () => {
    const value = 'x'.repeat(500)
    for (let i = 0; i < 40; i++) {
      await log.append(Array.from({ length: 500 }, (_, k) => put(`${k % 400}`, `${i}${value}`)))
    }
    now += LAG
    const reader = log.reader({ topic: 't', partition: 0, from: 0, maxBytes: 5_000 })
    let compacted = false
    const compacting = log.compact().then(() => (compacted = true))
    const last = new Map<string, string>()
    let rounds = 0
    while (!compacted) {
      await log.append([put('new', `${rounds++}`)])
      for (const { key, value } of (await reader.next()).records) last.set(key!.toString(), value!.toString())
    }
    await compacting
    expect(rounds).toBeGreaterThan(3)
    const { end } = (await log.offsets('t'))[0]!
    while (reader.position < end) {
      for (const { key, value } of (await reader.next()).records) last.set(key!.toString(), value!.toString())
    }
    expect(last.size).toBe(401)
    expect(last.get('new')).toBe(`${rounds - 1}`)
    expect([...last].filter(([key, text]) => key !== 'new' && text !== `39${value}`)).toEqual([])
    expect((await read(log)).length).toBe(400 + rounds)
  })
})

interface Write {
  readonly after: number
  readonly records: readonly { readonly key: string; readonly value: string | null }[]
  readonly compact: boolean
}

const writes = fc.array(
  fc.record<Write>({
    after: fc.constantFrom(0, 1, LAG / 2, LAG, DAY / 2, 2 * DAY),
    records: fc.array(
      fc.record({
        key: fc.constantFrom('a', 'b', 'c', 'd'),
        value: fc.option(fc.constantFrom('x', 'y'.repeat(40_000))),
      }),
      { maxLength: 6 },
    ),
    compact: fc.boolean(),
  }),
  { maxLength: 15 },
)

it('compaction never changes what a table read from the log holds, at any step of reading', async () => {
  await fc.assert(
    fc.asyncProperty(writes, fc.nat(60), fc.constantFrom(1, 1 << 20), async (history, from, maxBytes) => {
      now = 0
      const log = await open()
      const all: { key: string; value: string | null; offset: number; timestamp: number }[] = []
      for (const write of history) {
        now += write.after
        const positions = await log.append(write.records.map(({ key, value }) => put(key, value)))
        positions.forEach(({ offset }, i) => all.push({ ...write.records[i]!, offset, timestamp: now }))
        if (write.compact) await log.compact()
      }
      const end = all.length
      const left = await read(log, Math.min(from, end), maxBytes)
      // Nothing is made up, nothing is out of order.
      for (const { offset, key, value, timestamp } of left) {
        expect({ key: key!.toString(), value: value && value.toString(), offset, timestamp }).toEqual(all[offset])
      }
      expect(left.map(({ offset }) => offset)).toEqual(left.map(({ offset }) => offset).sort((a, b) => a - b))
      // What is young, and the last of each key unless it is a tombstone, is there.
      const there = new Set(left.map(({ offset }) => offset))
      const last = new Map(all.map(({ key, offset }) => [key, offset]))
      for (const { key, value, offset, timestamp } of all.slice(from)) {
        const young = timestamp > now - LAG
        if (young || (last.get(key) === offset && value !== null)) expect(there).toContain(offset)
      }
      // Once everything is old and compacted twice, nothing else is.
      now += LAG
      await log.compact()
      now += DAY
      await log.compact()
      const table = all.filter(({ key, value, offset }) => last.get(key) === offset && value !== null)
      expect((await read(log)).map(({ offset }) => offset)).toEqual(table.map(({ offset }) => offset))
      await log.close()
    }),
    { numRuns: 150 },
  )
})
