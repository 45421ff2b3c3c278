import { LogError } from '../src/errors'
import type { TopicDescription, TopicSpec } from '../src/topic'

/** Every way in which a topic is not what it must be, as sentences. */
export function mismatches(spec: TopicSpec, found: TopicDescription): string[] {
  const wrong: string[] = []
  const check = (what: string, wanted: string | number | undefined, is: string | number, mend: string) => {
    if (wanted !== undefined && wanted !== is) wrong.push(`${spec.name}: ${what} is ${is}, must be ${wanted} (${mend})`)
  }
  const elsewhere = 'the embedded log changes no topic: move the data directory away'
  check(
    'partitions',
    spec.partitions,
    found.partitions,
    `set QUORATE_PARTITIONS to ${found.partitions}, or ${elsewhere}`,
  )
  check('cleanup.policy', spec.cleanupPolicy, found.cleanupPolicy, elsewhere)
  check('message.timestamp.type', spec.timestampType, found.timestampType, elsewhere)
  // Retention and compaction lag are the operator's to change; a topic that takes less than must fit would lose
  // records.
  if (spec.maxMessageBytes !== undefined && found.maxMessageBytes < spec.maxMessageBytes)
    check('max.message.bytes', spec.maxMessageBytes, found.maxMessageBytes, elsewhere)
  return wrong
}

export function mismatchError(wrong: readonly string[], place: string): LogError {
  return new LogError('LOG_TOPIC_MISMATCH', `${place}: ${wrong.join('; ')}. Nothing was changed.`)
}
