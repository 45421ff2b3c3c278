import { evidenceKey, historyKey, pageKey, type PartitionTable, type TableName } from '../tables'
import type { HotObject } from './hot-object'

type OwnedTable = Exclude<TableName, PartitionTable | 'object'>

/**
 * The keys of the rows that belong to an object, apart from its own row, by table. Everything that drops or moves an
 * object uses this list. The compiler requires an entry when a table is added.
 */
const OWNED: Record<OwnedTable, (object: HotObject) => Iterable<string>> = {
  *agents({ id, storedPages }) {
    for (let page = 1; page <= storedPages; page++) yield pageKey(id, page)
  },
  *evidence({ id, rows }) {
    for (const { agent, hasEvidence } of rows) if (hasEvidence) yield evidenceKey(id, agent)
  },
  *history({ id, oldest, version }) {
    for (let at = oldest; at < version; at++) yield historyKey(id, at)
  },
}

const TABLES = Object.keys(OWNED) as OwnedTable[]

/** The rows of an object in the store, apart from its own. */
export function* ownedRows(object: HotObject): Iterable<readonly [table: OwnedTable, key: string]> {
  for (const table of TABLES) for (const key of OWNED[table](object)) yield [table, key]
}
