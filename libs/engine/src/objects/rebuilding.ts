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
/** Objects of one reading of the source: their reports are in memory meanwhile. */
const AT_ONCE = 2_000

export interface RebuildingOptions {
  readonly rules: Rules
  readonly incarnationBase: number
  readonly logger: Logger | undefined
  /** Objects of one reading; 2,000 by default. */
  readonly atOnce?: number
}

/**
 * What the source says of objects whose rows an earlier release wrote wrongly, as far as it still holds all records since they began: an
 * object's incarnation is the offset of the record that it began with. Of the others the rows are all there is.
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
      'an earlier release wrote rows that do not fit together; the reports of those objects are read from the source again, once; the partition serves when that is done',
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
      const said = await refold({ ...place, settings: readSettings(rows, rules), wanted, records: task.records(from) })
      for (const [id, it] of said) found.set(id, it)
    }
  } catch (error) {
    if (faultOf(error) === error) throw error
    logger?.error(
      { partition, err: error },
      'the source could not be folded again; what counts is the rows that are there',
    )
    found.clear()
  } finally {
    conditions.clear(CODE)
  }
  return found
}

/** The objects that the source reaches, and the first offset of the earliest. */
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
    // A row that cannot be read: the check before the first record says so.
    return none
  }
  return { from, reached: [...reached], time: clock.time }
}
