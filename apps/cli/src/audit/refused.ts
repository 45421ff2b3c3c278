import type { Log } from '@quorate/log'
import { recordsOf, stretches } from '../simulate/source-topic'

/**
 * Offsets of one partition whose records the service refused because their processing failed there (the dead letters of the kind `failed`):
 * the fault may have been of the store or of a topic's limit, which a replay has not.
 */
export async function refusedBy(
  log: Log,
  deadLetters: string,
  source: string,
  partition: number,
): Promise<Set<number>> {
  const offsets = new Set<number>()
  if ((await log.describeTopic(deadLetters)) === undefined) return offsets
  for (const stretch of await stretches(log, deadLetters))
    for await (const records of recordsOf(log, stretch))
      for (const { headers } of records) {
        const said = (name: string): string | undefined => headers.find(([it]) => it === name)?.[1].toString('utf8')
        if (said('quorate-kind') !== 'failed' || said('quorate-topic') !== source) continue
        if (said('quorate-partition') === String(partition)) offsets.add(Number(said('quorate-offset')))
      }
  return offsets
}
