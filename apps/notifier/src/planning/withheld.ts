import type { ObjectId } from '@quorate/contracts'
import type { HoldingCause } from '../pipeline'
import type { ObjectRow } from '../rows/rows'
import type { Tables } from '../rows/tables'

/**
 * What holds objects back, and which: found again when the cause is in force no more. No cause and no object id
 * contains it.
 */
const SEPARATOR = '\u0001'
const BEHIND = '\u0002'
const NOTHING = Buffer.alloc(0)

const keyOf = (cause: HoldingCause, object: ObjectId): string => `${cause}${SEPARATOR}${object}`

export const isWithheldKey = (key: string): boolean => key.indexOf(SEPARATOR) > 0

type Holding = Pick<ObjectRow, 'held' | 'told'>

/** What holds back a change of the object, or that its state is told again. */
function causesOf({ held, told }: Holding): HoldingCause[] {
  const causes: HoldingCause[] = []
  for (const name in held) if (held[name]!.by !== undefined) causes.push(held[name]!.by)
  for (const name in told) if (told[name]!.mutedBy !== undefined) causes.push(told[name]!.mutedBy)
  return causes
}

/** Keeps the table at what an object's row says. */
export function withhold(tables: Tables, object: ObjectId, before: Holding | undefined, after: Holding): void {
  const old = before ? causesOf(before) : []
  const now = causesOf(after)
  if (old.length === 0 && now.length === 0) return
  const table = tables.table('withheld')
  for (const cause of old) if (!now.includes(cause)) table.delete(keyOf(cause, object))
  for (const cause of now) if (!old.includes(cause)) table.put(keyOf(cause, object), NOTHING)
}

/** The cause holds the object back no more, whatever the object's row says of it. */
export const forgetWithheld = (tables: Tables, cause: HoldingCause, object: ObjectId): void =>
  tables.table('withheld').delete(keyOf(cause, object))

/** Where rows are read: of the batch in hand, or committed ones. */
type Reading = Pick<ReturnType<Tables['table']>, 'range'>

/** Every cause that holds something back in a task. */
export function* causesIn(table: Reading): IterableIterator<HoldingCause> {
  for (let from = ''; ;) {
    const [row] = table.range({ from, limit: 1 })
    if (!row) return
    const cause = row.key.slice(0, row.key.indexOf(SEPARATOR))
    yield cause
    from = `${cause}${BEHIND}`
  }
}

/** The objects that a cause holds back in a task. */
export function* heldBackBy(table: Reading, cause: HoldingCause, limit?: number): IterableIterator<ObjectId> {
  const bounds = { from: `${cause}${SEPARATOR}`, to: `${cause}${BEHIND}` }
  for (const { key } of table.range(limit === undefined ? bounds : { ...bounds, limit }))
    yield key.slice(key.indexOf(SEPARATOR) + 1)
}
