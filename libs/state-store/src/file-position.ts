import Database from 'better-sqlite3'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { StoreIdentity } from './partition-store'

/**
 * The changelog positions of the partition files in a folder (`<partition>.db`) that this program and topic could go on
 * with. Only for files that nobody has open; whether a file is sound is judged when it is opened.
 */
export function filePositions(directory: string, identity: StoreIdentity): Map<number, number> {
  const found = new Map<number, number>()
  for (const name of readdirSync(directory)) {
    const partition = /^(\d+)\.db$/.exec(name)?.[1]
    const position = partition === undefined ? undefined : positionIn(join(directory, name), identity)
    if (position !== undefined && position > 0) found.set(Number(partition), position)
  }
  return found
}

function positionIn(file: string, { schemaVersion, topicId }: StoreIdentity): number | undefined {
  let db: Database.Database | undefined
  try {
    db = new Database(file)
    // Without this, a file in WAL mode would need shared memory beside it.
    db.pragma('locking_mode = EXCLUSIVE')
    const rows = db.prepare('SELECT k, v FROM meta').all() as { k: string; v: string }[]
    const meta = new Map(rows.map(({ k, v }) => [k, v]))
    if (meta.get('schemaVersion') !== String(schemaVersion) || meta.get('topicId') !== topicId) return undefined
    return Number(meta.get('changelog') ?? 0)
  } catch {
    // Torn, locked or none of ours: as if it were not there; opening it says why.
    return undefined
  } finally {
    db?.close()
  }
}
