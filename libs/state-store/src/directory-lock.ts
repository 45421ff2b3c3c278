import Database from 'better-sqlite3'
import { diskFault, privateDatabase, privateDirectory } from '@quorate/log'
import { join } from 'node:path'
import { StoreError } from './errors'

/**
 * Takes a directory for this process. The lock is SQLite's on a file in it, so the operating system lets go of it
 * however the process ends. Returns the way to release it.
 */
export function lockDirectory(directory: string): () => void {
  const file = join(directory, 'lock')
  let db: Database.Database | undefined
  try {
    privateDirectory(directory)
    privateDatabase(file)
    db = new Database(file, { timeout: 0 })
    db.pragma('locking_mode = EXCLUSIVE')
    db.pragma('journal_mode = MEMORY')
    db.exec('BEGIN EXCLUSIVE; CREATE TABLE IF NOT EXISTS lock(pid INTEGER); DELETE FROM lock; COMMIT')
  } catch (error) {
    db?.close()
    if ((error as { code?: string }).code?.startsWith('SQLITE_BUSY'))
      throw new StoreError(
        'STORE_LOCKED',
        `${directory} (stop that process, or set QUORATE_DATA_DIR to another directory)`,
        { cause: error },
      )
    const { what, advice } = diskFault(error, file, 'file')
    throw new StoreError('STORE_UNAVAILABLE', `${file} ${what}; nothing was changed. ${advice}`, { cause: error })
  }
  const held = db
  return () => held.close()
}
