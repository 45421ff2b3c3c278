import type { Logger, Offset } from '@quorate/log'

/** Lines for one partition's restore; the others are counted only by their absence. */
const MOST = 20

/**
 * Names records of the changelog that are no rows of this program (another wrote them, or an older release had the
 * table): each is left out.
 */
export function foreignRows(
  logger: Logger,
  changelog: string,
  partition: number,
): (key: string, offset: Offset) => void {
  let told = 0
  return (key, offset) => {
    if (told++ >= MOST) return
    logger.error(
      { changelog, partition, offset, key: key.slice(0, 200) },
      'a record of the changelog is no row of this program, and is left out: who else writes there?',
    )
  }
}
