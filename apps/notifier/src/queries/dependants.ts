import type { ObjectId } from '@quorate/contracts'
import type { RunningTask } from '@quorate/streams'
import { heldBackBy } from '../planning/withheld'
import type { Directions } from '../pipeline'

/** Named one by one. */
const NAMED = 100
/** Counted; beyond it the number says "at least". */
const COUNTED = 10_000

/**
 * What depends on a parent and is held back because of it, in the partitions of this instance. What other instances
 * hold back is not here: the message covers it all the same, by what depends on the parent.
 */
export class Dependants {
  constructor(
    private readonly tasks: ReadonlySet<RunningTask>,
    private readonly directions: () => Directions,
  ) {}

  readonly of = (parent: ObjectId): { objects: ObjectId[]; total: number } | undefined => {
    const causes = this.directions()
      .inhibitions.ofParent(parent)
      .map(({ cause }) => cause)
    if (causes.length === 0) return undefined
    const objects = new Set<ObjectId>()
    for (const cause of causes)
      for (const task of this.tasks) {
        if (task.state !== 'running') continue
        for (const object of heldBackBy(task.table('withheld'), cause, COUNTED)) objects.add(object)
      }
    if (objects.size === 0) return undefined
    return { objects: [...objects].sort().slice(0, NAMED), total: objects.size }
  }
}
