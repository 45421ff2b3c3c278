import Database from 'better-sqlite3'
import fc from 'fast-check'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PartitionStore, type StoreOptions } from './partition-store'
import { compareUtf8 } from './utf8-order'

const tables = [{ name: 'object', dueOf: (value: Buffer) => (value.length ? value[0]! : null) }, { name: 'plain' }]
const memory: StoreOptions = { file: ':memory:', tables, schemaVersion: 1, topicId: 'a' }
const b = (text: string): Buffer => Buffer.from(text)

const key = fc.constantFrom('', 'a', 'a/b', 'ab', 'é', '\ue000', '\u{1f600}', 'z', '\u0000', 'a\u0000b')
type Model = Map<string, { value: Buffer; due: number | null }>
type Command =
  | { do: 'put'; key: string; value: string }
  | { do: 'delete'; key: string }
  | { do: 'arm'; key: string; due: number | null }
  | { do: 'apply' }
  | { do: 'rollback' }
const command: fc.Arbitrary<Command> = fc.oneof(
  fc.record({ do: fc.constant('put' as const), key, value: fc.string({ maxLength: 3 }) }),
  fc.record({ do: fc.constant('delete' as const), key }),
  fc.record({ do: fc.constant('arm' as const), key, due: fc.option(fc.integer({ min: 0, max: 9 })) }),
  fc.constant({ do: 'apply' as const }),
  fc.constant({ do: 'rollback' as const }),
)

const copy = (model: Model): Model => new Map([...model].map(([k, row]) => [k, { ...row }]))
const sorted = (model: Model): [string, string][] =>
  [...model].map(([k, row]): [string, string] => [k, row.value.toString()]).sort((x, y) => compareUtf8(x[0], y[0]))
const firstDue = (model: Model) =>
  [...model]
    .filter(([, row]) => row.due !== null)
    .map(([k, row]) => ({ key: k, due: row.due! }))
    .sort((x, y) => x.due - y.due || compareUtf8(x.key, y.key))[0]

describe('a partition store', () => {
  it('answers as a map does, whatever is staged, applied and rolled back', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
        const store = PartitionStore.open(memory)
        const table = store.table('object')
        let durable: Model = new Map()
        let staged = copy(durable)
        for (const [at, c] of commands.entries()) {
          if (c.do === 'put') {
            table.put(c.key, b(c.value))
            staged.set(c.key, { value: b(c.value), due: staged.get(c.key)?.due ?? null })
          } else if (c.do === 'delete') {
            table.delete(c.key)
            staged.delete(c.key)
          } else if (c.do === 'arm') {
            const row = staged.get(c.key)
            if (!row) continue
            table.arm(c.key, c.due)
            row.due = c.due
          } else if (c.do === 'apply') {
            store.apply({ source: at, time: at }, at)
            durable = copy(staged)
          } else {
            store.rollback()
            staged = copy(durable)
          }
          expect([...table.range()].map((r) => [r.key, r.value.toString()])).toEqual(sorted(staged))
          expect([...store.committed('object').range()].map((r) => [r.key, r.value.toString()])).toEqual(
            sorted(durable),
          )
          expect(table.firstDue()).toEqual(firstDue(staged))
          for (const [k, row] of staged) expect(table.dueOf(k)).toBe(row.due ?? undefined)
        }
        expect([...table.prefix('a')].map((r) => r.key)).toEqual(
          sorted(staged)
            .map(([k]) => k)
            .filter((k) => k.startsWith('a')),
        )
        expect([...table.range({ after: 'a', limit: 2 })].map((r) => r.key)).toEqual(
          sorted(staged)
            .map(([k]) => k)
            .filter((k) => compareUtf8(k, 'a') > 0)
            .slice(0, 2),
        )
        store.close()
      }),
      { numRuns: 300 },
    )
  })

  it('orders strings as their UTF-8 bytes', () => {
    const text = fc.string({ unit: 'binary', maxLength: 4 })
    fc.assert(fc.property(text, text, (x, y) => Math.sign(compareUtf8(x, y)) === Math.sign(Buffer.compare(b(x), b(y)))))
  })

  it('pages through due rows of any number, in order of time and key', () => {
    const store = PartitionStore.open(memory)
    const table = store.table('object')
    for (let i = 0; i < 1000; i++) {
      table.put(`k${i}`, b('x'))
      table.arm(`k${i}`, i % 7)
    }
    store.apply({ source: 1, time: 1 }, 1)
    const seen: number[] = []
    for (let due = table.firstDue(6); due; due = table.firstDue(6)) {
      seen.push(due.due)
      table.arm(due.key, null)
    }
    expect(seen).toHaveLength(1000)
    expect(seen).toEqual([...seen].sort())
  })

  describe('on disk', () => {
    let dir: string
    let options: StoreOptions
    beforeEach(() => {
      dir = mkdtempSync(join(tmpdir(), 'store-'))
      options = { ...memory, file: join(dir, '0.db') }
    })
    afterEach(() => rmSync(dir, { recursive: true, force: true }))

    it('keeps rows, positions and due times over a restart, clean or not', () => {
      const store = PartitionStore.open(options)
      store.table('object').put('a', b('1'))
      store.table('object').arm('a', 42)
      store.apply({ source: 7, time: 1234 }, 9)
      store.table('object').put('a', b('staged, never applied'))
      store.close()
      const again = PartitionStore.open(options)
      expect(again.rebuilt).toBeUndefined()
      expect(again.checkpoint).toEqual({ source: 7, time: 1234 })
      expect(again.changelogPosition).toBe(9)
      expect(again.table('object').get('a')).toEqual(b('1'))
      expect(again.table('object').firstDue()).toEqual({ key: 'a', due: 42 })
      again.close()
    })

    it('tells due times of restored rows from their values', () => {
      const store = PartitionStore.open(options)
      store.load(
        [
          { key: 'object/a', value: Buffer.from([5]) },
          { key: 'object/b', value: Buffer.from([3]) },
          { key: 'gone/x', value: b('y') },
        ],
        3,
      )
      store.load([{ key: 'object/b', value: null }], 4, { source: 1, time: 2 })
      expect(store.table('object').firstDue()).toEqual({ key: 'a', due: 5 })
      expect(store.changelogPosition).toBe(4)
      store.close()
    })

    it.each([
      ['another layout', { schemaVersion: 2 }, /layout 1.*is 2/],
      ['another changelog', { topicId: 'b' }, /created anew/],
    ])('starts empty for %s and says why', (_, change, reason) => {
      const store = PartitionStore.open(options)
      store.table('plain').put('a', b('1'))
      store.apply({ source: 1, time: 1 }, 1)
      store.close()
      const again = PartitionStore.open({ ...options, ...change })
      expect(again.rebuilt).toMatch(reason)
      expect(again.checkpoint).toBeUndefined()
      expect(again.table('plain').get('a')).toBeUndefined()
      again.close()
    })

    /** Lets writes of this key of the file's own fail, as they do on a full disk; answers the way to make room again. */
    const fill = (key: string, value: string): (() => void) => {
      PartitionStore.open(options).close()
      const inFile = (sql: string): void => {
        const db = new Database(options.file, { timeout: 0 })
        try {
          db.exec(sql)
        } finally {
          db.close()
        }
      }
      inFile(`CREATE TRIGGER fill BEFORE UPDATE ON meta WHEN NEW.k = '${key}' AND NEW.v = '${value}'
        BEGIN SELECT RAISE(ABORT, 'no room'); END`)
      return () => inFile('DROP TRIGGER fill')
    }

    it('does not keep the file when it could not be opened', () => {
      const makeRoom = fill('clean', '0')
      expect(() => PartitionStore.open(options)).toThrow('no room')
      makeRoom()
      PartitionStore.open(options).close()
    })

    it('does not keep the file when it could not be closed cleanly', () => {
      const makeRoom = fill('clean', '1')
      const store = PartitionStore.open(options)
      expect(() => store.close()).toThrow('no room')
      expect(store.closed).toBe(true)
      expect(() => store.committed('plain')).toThrow(/closed/)
      makeRoom()
      PartitionStore.open(options).close()
    })

    it('starts empty when the file is damaged', () => {
      writeFileSync(options.file, 'this is no database, it is a letter to whoever reads it'.repeat(100))
      const store = PartitionStore.open(options)
      expect(store.rebuilt).toMatch(/damaged/)
      expect(store.checkpoint).toBeUndefined()
      store.close()
    })
  })
})
