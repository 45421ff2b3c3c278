import { topicNames } from '@quorate/contracts'
import type { Topology } from '@quorate/streams'
import { deadRow, deliveryRow, groupRow, objectRow } from './outbox/rows'
import { dueOfObject } from './outbox/due'

export interface TopologyOptions {
  readonly prefix: string
  readonly applicationId: string
  readonly partitions: number
  /** Of the source (the sink of the aggregator), for the place of dead letters. */
}

const DAY = 86_400_000

/** The notifier as a stream program: the sink of the aggregator in, nothing but dead letters out; its work is in its tables. */
export function notifierTopology({ prefix, applicationId, partitions }: TopologyOptions): Topology {
  const topics = topicNames(prefix)
  const changelog = topics.changelog(applicationId)
  return {
    applicationId,
    group: `${prefix}.${applicationId}`,
    source: topics.states,
    outputs: { 'dead-letters': topics.deadLetters },
    changelog,
    tables: [
      { name: 'objects', dueOf: (value) => dueOfObject(objectRow.decode(value)) },
      { name: 'groups', dueOf: (value) => groupRow.decode(value).forgetAt },
      { name: 'outbox' },
      { name: 'deliveries', dueOf: (value) => deliveryRow.decode(value).forgetAt },
      { name: 'by-object' },
      { name: 'dead', dueOf: (value) => deadRow.decode(value).forgetAt },
      { name: 'endpoints' },
    ],
    schemaVersion: 1,
    topics: [
      { name: topics.states, partitions, cleanupPolicy: 'compact', timestampType: 'CreateTime', minCompactionLagMs: 7 * DAY },
      { name: changelog, partitions, cleanupPolicy: 'compact', timestampType: 'CreateTime' },
    ],
    clock: 'wall',
  }
}
