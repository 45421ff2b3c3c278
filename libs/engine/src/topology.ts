import { consumerGroup, topicNames, topicRules } from '@quorate/contracts'
import type { Topology } from '@quorate/streams'
import { AGGREGATOR_TABLES } from './tables'

export interface TopologyOptions {
  readonly prefix: string
  readonly applicationId: string
  readonly partitions: number
}

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
      topicRules.reports(topics.reports, partitions),
      topicRules.states(topics.states, partitions),
      topicRules.changelog(changelog, partitions),
      topicRules.deadLetters(topics.deadLetters),
      topicRules.settings(topics.settings),
    ],
    clock: 'log',
  }
}
