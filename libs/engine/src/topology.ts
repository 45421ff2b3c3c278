import { consumerGroup, LIMITS, topicNames } from '@quorate/contracts'
import type { Topology } from '@quorate/streams'
import { AGGREGATOR_TABLES } from './tables'

export interface TopologyOptions {
  readonly prefix: string
  readonly applicationId: string
  readonly partitions: number
}

const DAY = 86_400_000

/** The aggregator as a stream program: reports in, states out (docs/architecture.md, "Topics"). */
export function aggregatorTopology({ prefix, applicationId, partitions }: TopologyOptions): Topology {
  const topics = topicNames(prefix)
  const changelog = topics.changelog(applicationId)
  return {
    applicationId,
    group: consumerGroup(prefix, applicationId),
    source: topics.reports,
    outputs: { reports: topics.reports, states: topics.states, 'dead-letters': topics.deadLetters },
    changelog,
    tables: AGGREGATOR_TABLES,
    settings: topics.settings,
    soleWriterOf: topics.states,
    schemaVersion: 1,
    topics: [
      {
        name: topics.reports,
        partitions,
        cleanupPolicy: 'delete',
        timestampType: 'LogAppendTime',
        retentionMs: 7 * DAY,
        maxMessageBytes: LIMITS.messageBytes,
      },
      {
        name: topics.states,
        partitions,
        cleanupPolicy: 'compact',
        timestampType: 'CreateTime',
        minCompactionLagMs: 7 * DAY,
        maxMessageBytes: LIMITS.messageBytes,
      },
      {
        name: changelog,
        partitions,
        cleanupPolicy: 'compact',
        timestampType: 'CreateTime',
        maxMessageBytes: LIMITS.messageBytes,
      },
      {
        name: topics.deadLetters,
        partitions: 1,
        cleanupPolicy: 'delete',
        timestampType: 'CreateTime',
        retentionMs: 30 * DAY,
        maxMessageBytes: LIMITS.deadLetterMessageBytes,
      },
      {
        name: topics.settings,
        partitions: 1,
        cleanupPolicy: 'compact',
        timestampType: 'CreateTime',
        maxMessageBytes: LIMITS.messageBytes,
      },
    ],
    clock: 'log',
  }
}
