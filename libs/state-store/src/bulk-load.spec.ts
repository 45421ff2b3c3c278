import Database from 'better-sqlite3'
import fc from 'fast-check'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BulkLoad } from './bulk-load'
import { BulkThread } from './bulk-thread'
import { CHECKPOINT_KEY, encodeCheckpoint } from './changelog'
import type { BulkOptions, StoreOptions } from './partition-store'
import { SqliteStore } from './sqlite-store'

const bytes = (text: string): Buffer => Buffer.from(text)
const entry = (key: string, value: string | null) => ({ key: bytes(key), value: value === null ? null : bytes(value) })

describe('a bulk load', () => {
  const thread = new BulkThread()
  afterAll(() => thread.close())

  let dir: string
  let options: BulkOptions

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'bulk-'))
    options = fresh('0.db')
  })
  afterEach(() => rmSync(dir, { recursive: true, force: true }))

  /** Positive whole numbers alone: a due time is ms. */
  const dueIn = (value: Buffer): number | null => (/^[1-9]\d{0,8}$/.test(value.toString()) ? Number(value) : null)

  const fresh = (name: string): BulkOptions => ({
    file: join(dir, name),
    tables: [{ name: 'rows' }, { name: 'timed', dueOf: dueIn }],
    schemaVersion: 1,
    topicId: 'x',
    startedAt: 77,
  })
  const prepare = (it: StoreOptions): void => SqliteStore.open(it).close()

  interface Loaded {
    readonly rows: readonly (readonly [string, string])[]
    readonly timed: readonly (readonly [string, string, number | undefined])[]
    readonly position: number
    readonly checkpoint: unknown
  }
  const read = (it: StoreOptions): Loaded => {
    const store = SqliteStore.open(it)
    try {
      expect(store.rebuilt).toBeUndefined()
      const timed = store.table('timed')
      return {
        rows: [...store.table('rows').range()].map(({ key, value }) => [key, value.toString()] as const),
        timed: [...timed.range()].map(({ key, value }) => [key, value.toString(), timed.dueOf(key)] as const),
        position: store.changelogPosition,
        checkpoint: store.checkpoint,
      }
    } finally {
      store.close()
    }
  }

  it('leaves out and names what is no row of its table: the key keeps what it had', async () => {
    const fits = (key: string, value: Buffer) => key !== 'none' && value.toString() !== 'rubbish'
    const judging = {
      ...options,
      tables: [
        { name: 'rows', fits },
        { name: 'timed', dueOf: dueIn, fits },
      ],
    }
    prepare(judging)
    const foreign: [string, number][] = []
    const load = new BulkLoad(thread, { ...judging, onForeign: (...it) => foreign.push(it) })
    const record = (offset: number, key: string, value: string | null) => ({ ...entry(key, value), offset })
    await load.add([record(0, 'rows/a', '1'), record(1, 'rows/a', 'rubbish'), record(2, 'rows/none', '1')], 3)
    await load.add([record(3, 'timed/t', 'rubbish'), record(4, 'timed/u', '7'), record(5, 'timed/none', null)], 6)
    await load.finish()
    expect(read(judging)).toMatchObject({ rows: [['a', '1']], timed: [['u', '7', 7]], position: 6 })
    expect(foreign).toEqual([['rows/a', 1], ['rows/none', 2], ['timed/t', 3]]) // prettier-ignore
  })

  it('leaves the last value of each key, the schedule, the position and the checkpoint', async () => {
    prepare(options)
    const load = new BulkLoad(thread, options)
    await load.add([entry('rows/b', '1'), entry('rows/a', '1'), entry('timed/t', '70'), entry('gone/x', '1')], 4)
    await load.add([entry('rows/b', '2'), entry('rows/c', '3'), entry('rows/a', null)], 7)
    await load.add([entry('timed/u', '0'), entry(CHECKPOINT_KEY, encodeCheckpoint({ source: 9, time: 5 }))], 10)
    await load.finish()
    expect(read(options)).toEqual({
      rows: [
        ['b', '2'],
        ['c', '3'],
      ],
      timed: [
        ['t', '70', 70],
        ['u', '0', undefined],
      ],
      position: 10,
      checkpoint: { source: 9, time: 5 },
    })
    const store = SqliteStore.open(options)
    expect(store.table('timed').firstDue()).toEqual({ key: 't', due: 70 })
    expect(store.loadedAt).toBe(77)
    store.close()
  })

  it('makes rows that were there before no younger', async () => {
    const before = SqliteStore.open(options)
    before.table('rows').put('old', bytes('1'))
    before.apply({ source: 1, time: 5 }, 3)
    before.close()
    const load = new BulkLoad(thread, options)
    await load.add([entry('rows/new', '1')], 7)
    await load.stop()
    const store = SqliteStore.open(options)
    expect([store.changelogPosition, store.loadedAt]).toEqual([7, 0])
    store.close()
  })

  it('loads what the loader of small restores loads, whatever the pieces and however little it may hold', async () => {
    const value = fc.option(fc.string({ maxLength: 8 }), { nil: null })
    const key = fc.tuple(fc.constantFrom('rows', 'timed', '@', 'other'), fc.string({ unit: 'grapheme', maxLength: 3 }))
    const piece = fc.array(fc.tuple(key, value), { maxLength: 12 })
    let n = 0
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { minLength: 1, maxLength: 6 }), fc.nat({ max: 400 }), async (pieces, bound) => {
        const [bulk, small] = [fresh(`${++n}.bulk.db`), fresh(`${n}.small.db`)]
        prepare(bulk)
        const store = SqliteStore.open(small)
        const load = new BulkLoad(thread, bulk, { maxBytes: bound })
        for (const [i, entries] of pieces.entries()) {
          const raw = entries.map(([[table, name], v]) => entry(`${table}/${name}`, v))
          await load.add(raw, i + 1)
          const latest = new Map(raw.map((e) => [e.key.toString(), e.value]))
          store.load(
            [...latest].map(([k, v]) => ({ key: k, value: v })),
            i + 1,
          )
        }
        await load.finish()
        store.close()
        expect(read(bulk)).toEqual(read(small))
      }),
      { numRuns: 60 },
    )
  }, 60_000)

  it('takes keys by the hundred thousand, in whatever order they come', async () => {
    prepare(options)
    const load = new BulkLoad(thread, options)
    const KEYS = 100_000
    const keyOf = (i: number): string => `rows/${(i * 7_919) % KEYS}`
    for (let at = 0; at < KEYS; at += 20_000)
      await load.add(
        Array.from({ length: 20_000 }, (_, i) => entry(keyOf(at + i), 'old')),
        at,
      )
    await load.add(
      Array.from({ length: KEYS / 2 }, (_, i) => entry(`rows/${2 * i}`, i % 3 === 0 ? null : 'new')),
      KEYS,
    )
    await load.finish()
    const { rows } = read(options)
    const odd = KEYS / 2
    const gone = Math.ceil(KEYS / 2 / 3)
    expect(rows).toHaveLength(KEYS - gone)
    expect(rows.filter(([, value]) => value === 'old')).toHaveLength(odd)
    expect(rows.filter(([key, value]) => value === 'new' && Number(key) % 2 === 0)).toHaveLength(KEYS - odd - gone)
  })

  it('keeps what was written when it is stopped, with the position behind it, and can be gone on with', async () => {
    prepare(options)
    const load = new BulkLoad(thread, options, { maxBytes: 1 })
    await load.add([entry('rows/a', '1')], 3)
    await load.add([entry('rows/b', '1')], 5)
    await load.stop()
    const { rows, position } = read(options)
    expect(rows.length).toBe([0, 3, 5].indexOf(position))
    const again = new BulkLoad(thread, options)
    await again.add([entry('rows/a', '2'), entry('rows/b', '2')], 8)
    await again.finish()
    expect(read(options)).toMatchObject({
      rows: [
        ['a', '2'],
        ['b', '2'],
      ],
      position: 8,
    })
  })

  it('that is stopped leaves its schedule to the next, and not to who opens the file', async () => {
    const store = (): SqliteStore => SqliteStore.open(options)
    const scheduled = (it: SqliteStore): unknown[] => {
      const found = [it.scheduled, it.table('timed').firstDue()]
      it.close()
      return found
    }
    prepare(options)
    const load = new BulkLoad(thread, options)
    await load.add([entry('timed/b', '70'), entry('timed/a', '50')], 3)
    await load.stop()
    expect(scheduled(store())).toEqual([false, { key: 'a', due: 50 }])
    expect(scheduled(store())).toEqual([false, { key: 'a', due: 50 }])

    const again = new BulkLoad(thread, options)
    await again.add([entry('timed/a', '90')], 5)
    await again.finish()
    expect(scheduled(store())).toEqual([true, { key: 'b', due: 70 }])

    // Killed when it had read all, before it had sorted it.
    const db = new Database(options.file)
    db.exec('DROP INDEX "due/timed"')
    db.close()
    expect(scheduled(store())).toEqual([false, { key: 'b', due: 70 }])
    await new BulkLoad(thread, options).finish()
    expect(scheduled(store())).toEqual([true, { key: 'b', due: 70 }])
  })

  it('tells when the disk is full, and leaves what was there', async () => {
    prepare(options)
    const load = new BulkLoad(thread, options, { maxBytes: 1, pragmas: ['max_page_count = 40'] })
    const big = 'x'.repeat(50_000)
    const filling = async (): Promise<void> => {
      for (let i = 1; i < 50; i++) await load.add([entry(`rows/${i}`, big)], i)
      await load.finish()
    }
    await expect(filling()).rejects.toMatchObject({ code: 'STORE_FULL' })
    await load.stop()
    const { rows, position } = read(options)
    expect(rows.length).toBe(position)
    expect(position).toBeLessThan(10)
  })

  it('says that a file which is no store cannot be loaded', async () => {
    const load = new BulkLoad(thread, { ...options, file: join(dir, 'missing', '0.db') })
    await expect(load.add([entry('rows/a', '1')], 1).then(() => load.finish())).rejects.toThrow(/directory/)
    await load.stop()
  })
})
