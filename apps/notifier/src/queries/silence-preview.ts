import type { SilencePreview } from '@quorate/contracts'
import type { RunningTask } from '@quorate/streams'
import { objectRow } from '../rows/rows'
import { compileMatchers, type Matchers } from '../pipeline'

/** Objects looked at before the event loop gets its turn. */
const SLICE = 2_000

type Silenced = SilencePreview['items'][number]

/** The objects of a task that matchers take now, as they are; in the order of their ids. */
export async function silencedIn(task: RunningTask, match: Matchers, limit: number) {
  const takes = compileMatchers(match)
  const items: Silenced[] = []
  let total = 0
  let after: string | undefined
  for (;;) {
    let read = 0
    for (const { key, value } of task
      .table('objects')
      .range({ ...(after === undefined ? {} : { after }), limit: SLICE })) {
      read++
      after = key
      const { current, held } = objectRow.decode(value)
      if (!current || current.state === null || !takes({ ...current, object: key })) continue
      total++
      if (items.length < limit) items.push({ object: key, state: current.state, waiting: Object.keys(held).length > 0 })
    }
    if (read < SLICE) return { items, total }
    await new Promise(setImmediate)
  }
}
