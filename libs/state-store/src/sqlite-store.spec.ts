import Database from 'better-sqlite3'
import fc from 'fast-check'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { StoreOptions } from './partition-store'
import { describePartitionStores } from './partition-store.conformance'
import { SqliteStore } from './sqlite-store'
import { sqliteStores } from './sqlite-stores'
import { compareUtf8 } from './utf8-order'

describePartitionStores('in SQLite files', sqliteStores, join(__dirname, '../testing/store-writer.ts'))

const b = (text: string): Buffer => Buffer.from(text)

describe('a store in an SQLite file', () => {
  it('orders strings as their UTF-8 bytes', () => {
    const text = fc.string({ unit: 'binary', maxLength: 4 })
    fc.assert(fc.property(text, text, (x, y) => Math.sign(compareUtf8(x, y)) === Math.sign(Buffer.compare(b(x), b(y)))))
  })

  let dir: string
  let options: StoreOptions
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'store-'))
    options = { file: join(dir, '0.db'), tables: [{ name: 'plain' }], schemaVersion: 1, topicId: 'a' }
  })
  afterEach(() => rmSync(dir, { recursive: true, force: true }))

  /** Lets writes of this key of the file's own fail, as they do on a full disk; returns the way to make room again. */
  const fill = (key: string, value: string): (() => void) => {
    SqliteStore.open(options).close()
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
    expect(() => SqliteStore.open(options)).toThrow('no room')
    makeRoom()
    SqliteStore.open(options).close()
  })

  it('does not keep the file when it could not be closed cleanly', () => {
    const makeRoom = fill('clean', '1')
    const store = SqliteStore.open(options)
    expect(() => store.close()).toThrow('no room')
    expect(store.closed).toBe(true)
    expect(() => store.committed('plain')).toThrow(/closed/)
    makeRoom()
    SqliteStore.open(options).close()
  })
})
