import fc from 'fast-check'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { CHECKPOINT_KEY, encodeCheckpoint } from './changelog'
import type { ChangelogEntry, PartitionStore, PartitionStores, StoreOptions } from './partition-store'
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

/** Compiles what a child process runs. */
const LOADER = join(__dirname, '../../log/testing/typescript.cjs')

/**
 * What libs/streams needs of a partition's store, whatever keeps it. `writer`: a script that commits to the file it is
 * given as fast as it can (row `n` in both tables and the checkpoint, all of them n) and prints each n.
 */
export function describePartitionStores(name: string, stores: PartitionStores, writer: string): void {
  describe(`a partition store, ${name}`, () => {
    const loader = stores.loader()
    afterAll(() => loader.close())

    it('behaves as a map does, whatever is staged, applied and rolled back', () => {
      fc.assert(
        fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
          const store = stores.open(memory)
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

    it('pages through due rows of any number, in order of time and key', () => {
      const store = stores.open(memory)
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

      it('keeps rows, positions and due times over a restart', () => {
        const store = stores.open(options)
        store.table('object').put('a', b('1'))
        store.table('object').arm('a', 42)
        store.apply({ source: 7, time: 1234 }, 9)
        store.table('object').put('a', b('staged, never applied'))
        store.close()
        const again = stores.open(options)
        expect(again.rebuilt).toBeUndefined()
        expect(again.checkpoint).toEqual({ source: 7, time: 1234 })
        expect(again.changelogPosition).toBe(9)
        expect(again.table('object').get('a')).toEqual(b('1'))
        expect(again.table('object').firstDue()).toEqual({ key: 'a', due: 42 })
        again.close()
      })

      it('tells due times of restored rows from their values', () => {
        const store = stores.open(options)
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
        ['another changelog', { topicId: 'b' }, /created again/],
      ])('starts empty for %s and says why', (_, change, reason) => {
        const store = stores.open(options)
        store.table('plain').put('a', b('1'))
        store.apply({ source: 1, time: 1 }, 1)
        store.close()
        const again = stores.open({ ...options, ...change })
        expect(again.rebuilt).toMatch(reason)
        expect(again.checkpoint).toBeUndefined()
        expect(again.table('plain').get('a')).toBeUndefined()
        again.close()
      })

      it('starts empty when the file is damaged', () => {
        writeFileSync(options.file, 'this is no database, it is a letter to its reader'.repeat(100))
        const store = stores.open(options)
        expect(store.rebuilt).toMatch(/damaged/)
        expect(store.checkpoint).toBeUndefined()
        store.close()
      })

      const entries = (...list: [key: string, value: string | null][]): ChangelogEntry[] =>
        list.map(([entryKey, value]) => ({ key: entryKey, value: value === null ? null : b(value) }))
      const raw = (list: readonly ChangelogEntry[]) => list.map(({ key, value }) => ({ key: b(key), value }))
      const contents = (store: PartitionStore): unknown => {
        const object = store.table('object')
        return {
          object: [...object.range()].map((row) => [row.key, row.value.toString(), object.dueOf(row.key)]),
          plain: [...store.table('plain').range()].map((row) => [row.key, row.value.toString()]),
          first: object.firstDue(),
          position: store.changelogPosition,
          checkpoint: store.checkpoint,
          scheduled: store.scheduled,
        }
      }
      const reopened = (of: StoreOptions): unknown => {
        const store = stores.open(of)
        expect(store.rebuilt).toBeUndefined()
        const found = contents(store)
        store.close()
        return found
      }

      it('stages changes for the changelog, one for each key, and takes rows of its own tables only', () => {
        const store = stores.open(options)
        store.table('plain').put('a', b('1'))
        store.table('plain').put('a', b('2'))
        store.table('object').delete('gone')
        expect([...store.changes()].map(({ key, value }) => [key, value?.toString() ?? null]).sort()).toEqual([
          ['object/gone', null],
          ['plain/a', '2'],
        ])
        expect(store.stagedRows).toBe(2)
        store.rollback()
        expect([store.stagedRows, [...store.changes()]]).toEqual([0, []])
        expect([store.takes('plain/x', b('1')), store.takes('other/x', b('1'))]).toEqual([true, false])
        store.close()
        expect(store.closed).toBe(true)
      })

      it('names what was applied of a file that another changelog would throw away', () => {
        expect(stores.left(options)).toBeUndefined()
        const store = stores.open(options)
        store.apply({ source: 4, time: 5, topic: 's' }, 6, 7)
        store.close()
        expect(stores.left(options)).toBeUndefined()
        expect(stores.left({ ...options, topicId: 'b' })).toEqual({ source: 4, time: 5, topic: 's' })
      })

      it('knows the positions of the files in a folder, and forgets a file that is removed', () => {
        const store = stores.open(options)
        store.apply({ source: 4, time: 5 }, 6, 7)
        expect(store.appliedAt).toBe(7)
        store.close()
        const identity = { schemaVersion: 1, topicId: 'a' }
        expect(stores.positions(dir, identity)).toEqual(new Map([[0, 6]]))
        expect(stores.positions(dir, { ...identity, topicId: 'b' })).toEqual(new Map())
        stores.remove(options.file)
        expect(stores.positions(dir, identity)).toEqual(new Map())
      })

      it('loads in bulk what it loads in small pieces', async () => {
        const entry = fc.tuple(
          fc.constantFrom('object/a', 'object/b', 'plain/a', 'plain/é', 'other/x'),
          fc.option(fc.string({ maxLength: 3 }), { nil: null }),
        )
        let n = 0
        await fc.assert(
          fc.asyncProperty(fc.array(fc.array(entry, { maxLength: 8 }), { maxLength: 5 }), async (pieces) => {
            const small = { ...options, file: join(dir, `${++n}.small.db`) }
            const bulk = { ...options, file: join(dir, `${n}.bulk.db`) }
            const store = stores.open(small)
            stores.open(bulk).close()
            await loader.load({ ...bulk, startedAt: 1 }, async (load) => {
              for (const [at, piece] of pieces.entries()) {
                const latest = new Map(piece)
                store.load(entries(...latest), at + 1)
                await load.add(raw(entries(...piece)), at + 1)
              }
              const checkpoint = { source: pieces.length, time: 3 }
              store.load([], pieces.length + 1, checkpoint)
              const value = Buffer.from(encodeCheckpoint(checkpoint))
              await load.add([{ key: b(CHECKPOINT_KEY), value }], pieces.length + 1)
            })
            store.close()
            expect(reopened(bulk)).toEqual(reopened(small))
          }),
          { numRuns: 40 },
        )
      }, 60_000)

      it('keeps what a bulk load wrote that ends early, and goes on behind its position', async () => {
        stores.open(options).close()
        const failing = loader.load({ ...options, startedAt: 9 }, async (load) => {
          await load.add(raw(entries(['plain/a', '1'])), 3)
          throw new Error('the log is away')
        })
        await expect(failing).rejects.toThrow('the log is away')
        const store = stores.open(options)
        const { changelogPosition } = store
        expect([...store.table('plain').range()]).toHaveLength(changelogPosition === 3 ? 1 : 0)
        store.close()
        await loader.load({ ...options, startedAt: 9 }, (load) =>
          load.add(raw(entries(['plain/a', '1'], ['object/x', '\u0005'])), 5),
        )
        expect(reopened(options)).toMatchObject({
          plain: [['a', '1']],
          first: { key: 'x', due: 5 },
          position: 5,
          scheduled: true,
        })
      })

      it('is whole after SIGKILL in the middle of a commit: rows, checkpoint and position are of the same one', async () => {
        for (const count of [1, 50]) {
          const child = spawn(process.execPath, ['-r', LOADER, writer, options.file], {
            stdio: ['ignore', 'pipe', 'inherit'],
          })
          const gone = once(child, 'close')
          let last = 0
          for await (const line of createInterface({ input: child.stdout })) {
            last = Number(line)
            if (last % 1_000 >= count) child.kill('SIGKILL')
          }
          await gone
          expect(child.signalCode).toBe('SIGKILL')
          const store = stores.open(options)
          expect(store.rebuilt).toBeUndefined()
          const { source, time } = store.checkpoint!
          expect(source).toBeGreaterThanOrEqual(last)
          expect([time, store.changelogPosition]).toEqual([source, source + 1])
          for (const table of ['object', 'plain'])
            expect(new Set([...store.table(table).range()].map((row) => row.value.toString()))).toEqual(
              new Set([`${source}`]),
            )
          store.close()
        }
      }, 60_000)
    })
  })
}
