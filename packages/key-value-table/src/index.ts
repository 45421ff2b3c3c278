/**
 * A whole copy of a compacted topic, kept up to date in this process. The log is opened by `./kafka` or `./embedded`.
 */
export {
  jsonCodec,
  type KeyValueChange,
  KeyValueTable,
  type KeyValueTableOptions,
  type ValueCodec,
} from '@quorate/state-store/key-value'
export { type Log, LogError, type Logger, type TopicSpec } from '@quorate/log'
