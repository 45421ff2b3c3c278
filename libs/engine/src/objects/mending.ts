import type { ObjectId } from '@quorate/contracts'
import type { Table } from '@quorate/state-store'
import { evidenceKey, historyKey, TABLE } from '../tables'
import { nextDeadline, type Fold, type Rules } from '@quorate/vote'
import type { Refolded } from '../replay/refold'
import { inconsistencies, type Inconsistency } from './checker'
import type { PartitionState } from './partition-state'

/** What was found and repaired in a partition. */
export interface Mended {
  /** Objects whose reports were read from the source again. */
  readonly rebuilt: number
  /** Objects whose reports were counted again from the existing rows. */
  readonly objects: number
  /** Rows that no object owned, deleted. */
  readonly orphans: number
  /** Missing rows of evidence and history. */
  readonly lost: number
  /** Due times and counts that were wrong. */
  readonly others: number
}

export interface MendingOptions {
  readonly state: PartitionState
  readonly fold: Fold
  readonly tables: (name: string) => Table
  readonly rules: Rules
  /** The objects' reports according to the source, if it still has them. */
  readonly refolded: ReadonlyMap<ObjectId, Refolded>
  /** The offset of the next record. */
  readonly offset: number
}

/**
 * Repairs rows that an earlier release wrote wrongly, once, before the first record that this release applies. The
 * source takes precedence if it still has the records; otherwise the existing rows count. An object whose reports
 * differ from those it was evaluated with is evaluated again.
 */
export function mend({ state, fold, tables, rules, refolded, offset }: MendingOptions): Mended {
  const reviewed = new Set<ObjectId>()
  const counts = { orphans: 0, lost: 0, others: 0 }
  for (const it of [...inconsistencies(tables, rules)]) {
    if (it.kind === 'reports') reviewed.add(it.object!)
    else if (it.kind === 'orphan' || it.kind === 'request') {
      tables(it.table).delete(it.key)
      counts.orphans++
    } else if (it.kind === 'lost') {
      forget(state, it)
      counts.lost++
    } else {
      if (it.kind === 'due') rearm(state, it.object!)
      else Object.assign(state.guard, it.counts)
      counts.others++
    }
  }
  let rebuilt = 0
  for (const id of reviewed) {
    const source = refolded.get(id)
    const object = source && state.load(id)
    if (object?.incarnation === source?.incarnation && object !== undefined) {
      state.replaceReports(object, source!)
      rebuilt++
    }
    fold.review(id, offset)
  }
  state.isChecked = true
  return { rebuilt, objects: reviewed.size - rebuilt, ...counts }
}

/** Removes the object's reference to the row. */
function forget(state: PartitionState, { object: id, table, key }: Inconsistency): void {
  const object = state.load(id!)!
  if (table === TABLE.history) {
    while (object.oldest < object.version && historyKey(object.id, object.oldest) <= key) object.oldest++
    state.changed(object)
    return
  }
  const place = object.rows.findIndex(({ agent }) => evidenceKey(object.id, agent) === key)
  if (place < 0) return
  object.rows[place]!.hasEvidence = false
  state.rowChanged(object, place)
}

function rearm(state: PartitionState, id: ObjectId): void {
  const object = state.load(id)
  if (object !== undefined) state.arm(object, Math.max(nextDeadline(object, state.clock.time), state.clock.time + 1))
}

/** One line for the log. */
export const mendedText = ({ rebuilt, objects, orphans, lost, others }: Mended): string =>
  `an earlier release wrote inconsistent rows: the reports of ${rebuilt} objects were read from the source ` +
  `again, ${objects} objects were counted again from the existing reports, ` +
  `${orphans} rows that no object owns were deleted, ${lost} rows of evidence or history are missing, ` +
  `${others} due times or counts were corrected; run quorate audit to compare the result with the source`
