import type { Writable } from 'node:stream'
import { RESHARDED_FROM, topicNames } from '@quorate/contracts'
import { type Log, LogError, type OutRecord, partitionOf, type Transactor } from '@quorate/log'
import { aggregatorTopology, ANSWERS, MARKS } from '@quorate/engine/core'
import { INSTRUCTIONS, WRITERS } from '@quorate/streams'
import { recordsOf, stretches } from '../simulate/source-topic'
import { type OldPartition, readOldPartition } from './old-partition'
import { latestTime, toPresent } from './present'
import { ReshardRefused } from './refusal'
import { repeatsOf } from './repeats'
import { newPartitions } from './snapshot'
import { tailOf } from './tail'

export interface ReshardOptions {
  readonly log: Log
  /** Prefix of the existing topics, and of the new ones. */
  readonly prefix: string
  readonly to: string
  readonly applicationId: string
  readonly partitions: number
  /** Replication factor of the new topics; default: that of the old source. */
  readonly replication?: number
  readonly output: Writable
}

/** Bytes per append. */
const APPEND_BYTES = 1 << 20

/**
 * Moves a stopped aggregator to a new set of topics with another partition count (docs/adr/0015). The old topics are
 * read and left unchanged; until DONE is printed the new ones are incomplete.
 *
 *   1 join the group, and find no other member; fence every old partition, which shuts out any remaining writer
 *   2 read the changelogs, and the records of the source that were not applied
 *   3 check that the fences still hold: otherwise an instance runs
 *   4 create the new topics; copy settings and the latest states
 *   5 append to each new partition: resharded, snapshots, a tick, the records not applied
 *
 * @throws ReshardRefused, LogError if nothing was moved
 */
export async function runReshard(options: ReshardOptions): Promise<void> {
  const { log, prefix, to, applicationId, partitions, output } = options
  const [names, made] = [topicNames(prefix), topicNames(to)]
  const say = (text: string): void => void output.write(`${text}\n`)
  await refuseTopics(log, prefix, to)
  await refuseMembers(log, `${prefix}.${applicationId}`, names.reports)
  const changelogs = await stretches(log, names.changelog(applicationId))
  const fences: Transactor[] = []
  try {
    for (const { partition } of changelogs) fences.push(await log.fence(`${prefix}.${applicationId}.${partition}`))
    const old: OldPartition[] = []
    for (const stretch of await stretches(log, names.changelog(applicationId)))
      old.push(await readOldPartition(log, stretch))
    const source = await stretches(log, names.reports)
    const applied = source.map((it) => ({
      ...it,
      start: Math.max(it.start, old[it.partition]?.checkpoint?.source ?? it.start),
    }))
    const base = Math.max(...source.map(({ partition, end }) => end + (old[partition]?.base ?? 0)))
    const moved = newPartitions(old, { topic: made.reports, partitions, base, from: prefix })
    const isGrown = source.length > changelogs.length
    const tail = await tailOf(log, applied, { topic: made.reports, partitions, isGrown, isRepeat: repeatsOf(old) })
    await refuseRunning(fences)

    const { topics } = aggregatorTopology({ prefix: to, applicationId, partitions })
    const replication = options.replication ?? (await log.describeTopic(names.reports))!.replication
    await log.ensureTopics(topics, { replication })
    const states = await copyStates(log, names.states, made.states, partitions)
    const settings = await copyTable(log, names.settings, made.settings)
    for (const { records } of moved) await append(log, records)
    await toPresent(log, made.reports, partitions, latestTime(old))
    await append(log, tail)
    await refuseRunning(fences, ` The new topics ${to}.* are incomplete: delete them.`)

    const objects = moved.reduce((sum, it) => sum + it.objects, 0)
    say(`${objects} objects, ${states} latest states, ${settings} settings and ${tail.length} records not applied yet`)
    say(
      `moved from ${prefix}.* (${source.length} partitions) to ${to}.* (${partitions}); new incarnations ` +
        `begin at ${base}.`,
    )
    say(
      `DONE. Start with QUORATE_TOPIC_PREFIX=${to} and QUORATE_PARTITIONS=${partitions}, and let agents ` +
        `report to ${made.reports}.`,
    )
  } finally {
    await Promise.all(fences.map((fence) => fence.close().catch(() => undefined)))
  }
}

async function refuseTopics(log: Log, prefix: string, to: string): Promise<void> {
  const [names, made] = [topicNames(prefix), topicNames(to)]
  if (prefix === to) throw new ReshardRefused('The new topics need a prefix that differs from the old: --to <prefix>.')
  if (!(await log.describeTopic(names.reports)))
    throw new ReshardRefused(`There is no topic ${names.reports}. Set its prefix with QUORATE_TOPIC_PREFIX.`)
  for (const topic of [made.reports, made.states])
    if (await log.describeTopic(topic))
      throw new ReshardRefused(
        `There is a topic ${topic} already. Choose another prefix, or delete the topics ${to}.* if they are ` +
          'left over from a failed reshard.',
      )
}

/**
 * A member learns of the others: as the leader, or because another gives it a share. All partitions go to the others.
 */
async function refuseMembers(log: Log, group: string, topic: string): Promise<void> {
  let alone = false
  const assigned = Promise.withResolvers<void>()
  const member = await log.join({
    group,
    topic,
    userData: () => Buffer.alloc(0),
    assign: (members, partitions) => {
      alone = members.length === 1
      const all = Array.from({ length: partitions }, (_, i) => i)
      return new Map(
        members.map(({ memberId }, i) => [memberId, { partitions: i === 0 ? all : [], userData: Buffer.alloc(0) }]),
      )
    },
    onAssignment: () => assigned.resolve(),
    onLost: () => undefined,
  })
  try {
    await assigned.promise
  } finally {
    await member.leave()
  }
  if (!alone)
    throw new ReshardRefused(
      `The group ${group} has members: an aggregator is running, or was killed a few seconds ago. Stop all of ` +
        'them and try again.',
    )
}

/** A running instance takes its partitions back within seconds of being fenced. */
async function refuseRunning(fences: readonly Transactor[], and = ''): Promise<void> {
  for (const fence of fences)
    await fence.commit({ records: [] }).catch((error: unknown) => {
      if (!LogError.is(error, 'LOG_FENCED')) throw error
      throw new ReshardRefused(
        `An aggregator is running (${fence.id} was taken back). Stop all of them and try again.${and}`,
      )
    })
}

/**
 * Copies the newest record of every object, with its event id: a reader of the new sink gets the table of states from
 * the start.
 */
async function copyStates(log: Log, from: string, topic: string, partitions: number): Promise<number> {
  const records: OutRecord[] = []
  for (const stretch of await stretches(log, from)) {
    const latest = new Map<string, OutRecord>()
    for await (const batch of recordsOf(log, stretch))
      for (const { key, value, headers, offset } of batch) {
        const name = key?.toString('utf8')
        if (key === null || name === undefined || name.startsWith('\u0001')) continue
        const origin = [RESHARDED_FROM, `${from}/${stretch.partition}@${offset}`] as const
        const copied = value && Buffer.from(value)
        if (copied === null) latest.delete(name)
        else
          latest.set(name, {
            topic,
            partition: partitionOf(key, partitions),
            key: Buffer.from(key),
            value: copied,
            headers: [...headers.map(([header, text]) => [header, Buffer.from(text)] as const), origin],
          })
      }
    records.push(...latest.values())
  }
  await append(log, records)
  return records.length
}

/**
 * Rows that refer to positions in the old topics: marks of dead letters by offset, responses with positions. In the new
 * topics other records have these positions.
 */
const OF_OLD_TOPICS = [MARKS, ANSWERS, INSTRUCTIONS, WRITERS]

/** Copies a compacted topic of one partition, without deleted rows and those that belong to the old topics. */
async function copyTable(log: Log, from: string, topic: string): Promise<number> {
  if (!(await log.describeTopic(from))) return 0
  const latest = new Map<string, OutRecord>()
  for (const stretch of await stretches(log, from))
    for await (const batch of recordsOf(log, stretch))
      for (const { key, value, headers } of batch) {
        const name = key?.toString('utf8')
        if (key === null || name === undefined || OF_OLD_TOPICS.some((prefix) => name.startsWith(prefix))) continue
        if (value === null) latest.delete(name)
        else latest.set(name, { topic, partition: 0, key: name, value: Buffer.from(value), headers })
      }
  await append(log, [...latest.values()])
  return latest.size
}

/** In order, as much at once as one request takes. */
async function append(log: Log, records: readonly OutRecord[]): Promise<void> {
  let batch: OutRecord[] = []
  let bytes = 0
  for (const record of records) {
    batch.push(record)
    bytes += Buffer.byteLength(record.value ?? '')
    if (bytes < APPEND_BYTES) continue
    await log.append(batch)
    batch = []
    bytes = 0
  }
  if (batch.length > 0) await log.append(batch)
}
