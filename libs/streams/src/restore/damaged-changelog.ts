import { describeDamage, type Logger, type LogRecord } from '@quorate/log'
import { StreamsError } from '../errors'

/**
 * Called for records without a key. What this program writes into a changelog is written in transactions: a damaged
 * batch that is not of one was written by something else, and holds no row. One of a transaction may hold rows, and a
 * store without them must not answer.
 */
export function judgeDamage(record: LogRecord, changelog: string, partition: number, logger: Logger): void {
  const { damaged } = record
  if (damaged === undefined) return
  const what = describeDamage(damaged)
  if (damaged.transactional)
    throw new StreamsError(
      'STREAMS_CHANGELOG_DAMAGED',
      `${changelog}/${partition}: ${what}. Rows may be missing from here on. A whole local store of another instance, or the source, has them: docs/operations.md, "A damaged changelog"`,
    )
  logger.error(
    { topic: changelog, partition, offset: damaged.first, reason: what },
    'passed over records in the changelog that this program did not write; no row is missing. Allow nobody else to write there',
  )
}
