import { type Log, LogError, type Logger } from '@quorate/log'
import { KeyValueTable } from '@quorate/state-store'
import { StreamsError } from '../errors'
import type { Topology } from '../topology'

/** The application that alone may write to a topic. */
interface Writer {
  readonly applicationId: string
  /** RFC 3339 */
  readonly since: string
}

/** ms to wait for the settings. */
const SETTINGS_TIMEOUT_MS = 5_000

/** Keys of such marks in the settings begin so. */
export const WRITERS = 'writers/'

export const writerKey = (topic: string): string => WRITERS + topic

function judged(read: unknown): Writer {
  const { applicationId, since } = Object(read) as Partial<Writer>
  if (typeof applicationId !== 'string' || typeof since !== 'string') throw new TypeError('no writer')
  return { applicationId, since }
}

/**
 * Two applications that decide the same source would write each change twice into one sink. The first to start leaves
 * its mark in the settings, and another is refused. Of several that start at the same time the first mark in the log
 * counts.
 * @throws StreamsError STREAMS_OTHER_APPLICATION
 */
export async function claimSink(log: Log, logger: Logger, topology: Topology): Promise<void> {
  const { applicationId, settings, soleWriterOf: topic } = topology
  if (settings === undefined || topic === undefined) return
  const key = writerKey(topic)
  let first: Writer | undefined
  let table: KeyValueTable<Writer | undefined> | undefined
  try {
    table = await KeyValueTable.open<Writer | undefined>({
      log,
      topic: settings,
      patienceMs: SETTINGS_TIMEOUT_MS,
      codec: {
        encode: (value) => Buffer.from(JSON.stringify(value)),
        decode: (bytes, name) => (name === key ? judged(JSON.parse(bytes.toString('utf8'))) : undefined),
      },
      // A mark that was deleted counts no more.
      onChange: (change) => {
        if (change.key === key) first = change.value && (first ?? change.value)
      },
    })
    const mine = { applicationId, since: new Date().toISOString() }
    if (first === undefined) await table.put(key, mine)
    const holder = first
    if (holder !== undefined && holder.applicationId !== applicationId)
      throw new StreamsError(
        'STREAMS_OTHER_APPLICATION',
        `${topic} is written by the application id ${JSON.stringify(holder.applicationId)} since ${holder.since}; this one is ${JSON.stringify(applicationId)}. ` +
          'Take the same QUORATE_APPLICATION_ID, or topics of its own (QUORATE_TOPIC_PREFIX). To hand the topics over for good: docs/errors.md',
      )
    // Only the last mark outlasts compaction.
    if (table.get(key)?.applicationId !== applicationId) await table.put(key, mine)
  } catch (error) {
    if (!LogError.is(error, 'LOG_UNAVAILABLE', 'LOG_OUTCOME_UNKNOWN')) throw error
    logger.warn({ err: error, topic: settings }, 'could not look whether another application writes to the same topics')
  } finally {
    await table?.close()
  }
}
