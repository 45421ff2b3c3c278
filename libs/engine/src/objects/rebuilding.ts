import type { ObjectId } from '@quorate/contracts'
import type { Logger } from '@quorate/log'
import { faultOf, type Prepared } from '@quorate/streams'
import { refold, type Refolded } from '../replay/refold'
import { TABLE } from '../tables'
import type { Rules } from '@quorate/vote'
import { inconsistencies } from './checker'
import { CHECKED, readClock, readReshard, readSettings } from './settings-rows'
import { storedObject } from './stored-object'

const CODE = 'rows-rebuilding'
/** Objects per pass over the source: their reports are in memory meanwhile. */
const AT_ONCE = 2_000

export interface RebuildingOptions {
  readonly rules: Rules
  readonly incarnationBase: number
  readonly logger: Logger | undefined
  /** Objects per pass; 2,000 by default. */
  readonly atOnce?: number
}

/**
 * Reads from the source the reports of objects whose rows an earlier release wrote wrongly, if it still has all records
 * since they began: an object's incarnation is the offset of its first record. For the others only the rows are left.
 */
export async function rebuild(task: Prepared, options: RebuildingOptions): Promise<ReadonlyMap<ObjectId, Refolded>> {
  const { partition, source, conditions } = task
  const { logger, atOnce = AT_ONCE } = options
  const found = new Map<ObjectId, Refolded>()
  const { from, reached, time } = concerned(task, options)
  if (reached.length === 0) return found
  conditions.raise({
    code: CODE,
    reason:
      'an earlier release wrote inconsistent rows; the reports of those objects are read from the source ' +
      'again, once; the partition serves when that is done',
    detail: `${reached.length} objects, offsets ${from} to ${source.applied}`,
    blocks: ['ready'],
  })
  try {
    const { rules, incarnationBase: base } = options
    const rows = task.table(TABLE.settings)
    const incarnationBase = readReshard(rows)?.base ?? base
    const place = { partition, partitions: task.partitions, incarnationBase, time }
    for (let i = 0; i < reached.length; i += atOnce) {
      const wanted = new Set(reached.slice(i, i + atOnce))
      const refolded = await refold({
        ...place,
        settings: readSettings(rows, rules),
        wanted,
        records: task.records(from),
      })
      for (const [id, it] of refolded) found.set(id, it)
    }
  } catch (error) {
    if (faultOf(error) === error) throw error
    logger?.error(
      { partition, err: error },
      'reports could not be read from the source again; the existing rows are used',
    )
    found.clear()
  } finally {
    conditions.clear(CODE)
  }
  return found
}

/** The objects whose records are all in the source, and the first offset of the earliest. */
function concerned(task: Prepared, { rules, incarnationBase }: RebuildingOptions) {
  const rows = task.table(TABLE.settings)
  const clock = readClock(rows)
  const none = { from: task.source.applied, reached: [], time: 0 }
  if (clock.time === null || clock.checked === CHECKED) return none
  const base = readReshard(rows)?.base ?? incarnationBase
  const settings = readSettings(rows, rules)
  const tables = (name: string) => task.table(name)
  const reached = new Set<ObjectId>()
  let from = task.source.applied
  try {
    for (const { kind, object: id } of inconsistencies(tables, rules)) {
      if (kind !== 'reports' || id === undefined || reached.has(id)) continue
      const row = tables(TABLE.object).get(id)
      const began = row && storedObject(id, row, settings, tables).incarnation - base
      if (began === undefined || began < task.source.start || began >= task.source.applied) continue
      reached.add(id)
      from = Math.min(from, began)
    }
  } catch (error) {
    if (faultOf(error) === error) throw error
    // A row that cannot be read is reported by the check before the first record.
    return none
  }
  return { from, reached: [...reached], time: clock.time }
}
