import { LogError } from '@quorate/log'
import type { Conditions } from '../conditions'

const CODE = 'STREAMS_SETTINGS_UNREAD'

/** Names that the settings are not followed any more, until they are again. */
export function settingsCondition(conditions: Conditions, topic: string, failure: Error | undefined): void {
  const id = { code: CODE, subject: topic }
  if (failure === undefined) return conditions.clear(id)
  const isOther = LogError.is(failure, 'LOG_TOPIC_REPLACED', 'LOG_TRUNCATED', 'LOG_OFFSET_OUT_OF_RANGE')
  conditions.raise({
    ...id,
    reason: isOther
      ? 'the settings topic was deleted and created again, or has lost records: what it said before stays in force, and nothing new is read. Bring the topic back, or restart the process to go on with the topic as it is'
      : 'the settings topic cannot be read: what it said before stays in force, and it is tried again every few seconds',
    detail: failure.message,
    blocks: [],
  })
}
