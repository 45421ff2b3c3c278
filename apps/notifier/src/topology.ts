import { consumerGroup, topicNames, topicRules } from '@quorate/contracts'
import type { Topology } from '@quorate/streams'
import { decisionPageRow } from './rows/packed-rows'
import { deadRow, groupBatchRow, groupRow, objectRow, decisionIndexRow } from './rows/rows'
import { dueOfObject } from './rows/due'
import { ROW_FITS } from './rows/row-shapes'

export interface TopologyOptions {
  readonly prefix: string
  readonly applicationId: string
  readonly partitions: number
}

/**
 * The notifier as a stream program: the sink of the aggregator in; out go dead letters, and to the settings which
 * parents of inhibitions are bad. Its work is in its tables.
 */
export function notifierTopology({ prefix, applicationId, partitions }: TopologyOptions): Topology {
  const topics = topicNames(prefix)
  const changelog = topics.changelog(applicationId)
  return {
    applicationId,
    group: consumerGroup(prefix, applicationId),
    source: topics.states,
    outputs: { 'dead-letters': topics.deadLetters, settings: topics.settings },
    changelog,
    settings: topics.settings,
    tables: [
      { name: 'objects', dueOf: (value) => dueOfObject(objectRow.decode(value)), fits: ROW_FITS.objects },
      { name: 'groups', dueOf: (value) => groupRow.decode(value).forgetAt, fits: ROW_FITS.groups },
      { name: 'gatherings', dueOf: (value) => groupBatchRow.decode(value).closeAt, fits: ROW_FITS.gatherings },
      { name: 'outbox', fits: ROW_FITS.outbox },
      { name: 'history', dueOf: (value) => decisionPageRow.decode(value).forgetAt, fits: ROW_FITS.history },
      { name: 'by-object', dueOf: (value) => decisionIndexRow.decode(value).forgetAt, fits: ROW_FITS['by-object'] },
      { name: 'dead', dueOf: (value) => deadRow.decode(value).forgetAt, fits: ROW_FITS.dead },
      { name: 'withheld', fits: ROW_FITS.withheld },
      { name: 'standing', fits: ROW_FITS.standing },
      { name: 'in-force', fits: ROW_FITS['in-force'] },
    ],
    schemaVersion: 5,
    topics: [
      topicRules.states(topics.states, partitions),
      topicRules.deadLetters(topics.deadLetters),
      topicRules.settings(topics.settings),
      topicRules.changelog(changelog, partitions),
    ],
    clock: 'wall',
  }
}
