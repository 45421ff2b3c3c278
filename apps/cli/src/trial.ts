import type { Trial, TriedObject } from '@quorate/client'
import { EXIT } from './exit'
import { marks, type Screen, stateCell } from './screen'
import type { Cell } from './text'

/**
 * Shows what settings would change: the objects, one per row, then the counts. Exits with 1 if partitions could not be
 * asked.
 */
export async function showTrial(screen: Screen, trial: Trial): Promise<void> {
  const head = ['OBJECT', 'NOW', 'THEN', 'CAUSE', 'MARKS']
  await screen.print(trial, () => `${screen.table(head, trial.items.map(row))}${summary(trial)}`)
  if (!trial.complete) process.exitCode = EXIT.refused
}

function row({ object, before, after }: TriedObject): Cell[] {
  const set = after === null ? [] : marks(after)
  return [
    object,
    stateCell(before.state),
    after ? stateCell(after.state) : '(gone)',
    after?.cause ?? '',
    set.join(', '),
  ]
}

function summary({ evaluated, changed, updated, deleted, unlisted, missing }: Trial): string {
  const more = unlisted === 0 ? '' : ` ${unlisted} of them are not listed.`
  const lacking = missing.map(({ partition, reason }) => `${partition} (${reason})`).join(', ')
  const warning = lacking === '' ? '' : `Not asked: partitions ${lacking}. Try again.\n`
  return (
    `${changed} would change state, ${updated} only a mark, ${deleted} would be deleted; ${evaluated} ` +
    `evaluated.${more}\n` +
    `${warning}Nothing was written.\n`
  )
}
