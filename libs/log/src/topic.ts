/** What a topic must be. Missing topics are created so; present ones are verified against it. */
export interface TopicSpec {
  readonly name: string
  readonly partitions: number
  readonly cleanupPolicy: 'delete' | 'compact'
  readonly timestampType: 'CreateTime' | 'LogAppendTime'
  /** ms; only with `delete`. */
  readonly retentionMs?: number
  /** ms that a record is safe from compaction; only with `compact`. */
  readonly minCompactionLagMs?: number
  /** Bytes; the broker's own default when absent. */
  readonly maxMessageBytes?: number
}

/** What a topic is. */
export interface TopicDescription {
  readonly name: string
  /** Changes when a topic is deleted and created again under the same name. */
  readonly id: string
  readonly partitions: number
  readonly replication: number
  readonly cleanupPolicy: string
  readonly timestampType: string
  readonly retentionMs: number
  readonly minCompactionLagMs: number
  readonly deleteRetentionMs: number
  readonly maxMessageBytes: number
}

/** First offset still there, and the end that a read_committed reader can reach (the last stable offset). */
export interface PartitionOffsets {
  readonly partition: number
  readonly start: number
  readonly end: number
}
