import { LogError } from '../src/errors'
import type { Appended, Log, PartitionReader, ReaderOptions, Transaction, Transactor } from '../src/log'
import type { GroupMember, MemberOptions } from '../src/member'
import type { Offset, OutRecord, Position } from '../src/record'
import type { PartitionOffsets, TopicDescription, TopicSpec } from '../src/topic'
import { CommittedOffsets } from './committed-offsets'
import { Database } from './database'
import { FencedIdentities } from './fenced-identities'
import { Group } from './group'
import { Housekeeping } from './housekeeping'
import { Journal, type Entry } from './journal'
import { SILENT, type Logger } from './logger'
import { Outgoing } from './outgoing'
import { EmbeddedPartitionReader } from './partition-reader'
import { SteadyClock } from './steady-clock'
import { Topics } from './topics'
import { mismatches } from './topic-mismatch'
import { EmbeddedTransactor } from './transactor'

/** A directory that this process alone uses (it is made when missing), or nothing but memory. */
export type EmbeddedLogPlace = { readonly dir: string } | { readonly memory: true }

export interface EmbeddedLogOptions {
  /**
   * ms since 1970: the log's clock, from which append times come; the host's by default, as far as `SteadyClock`
   * follows it.
   */
  readonly now?: () => number
  readonly logger?: Logger
}

/**
 * Opens the log of a directory. Rejects with LOG_LOCKED while another process has it; the lock ends with the process,
 * however that ends. What was acknowledged before a crash is there.
 */
export async function openEmbeddedLog(place: EmbeddedLogPlace, options: EmbeddedLogOptions = {}): Promise<EmbeddedLog> {
  return new EmbeddedLog(Database.open('dir' in place ? place.dir : undefined), options)
}

/** The log port on one SQLite file: see DESIGN.md. */
export class EmbeddedLog implements Log {
  readonly kind = 'embedded'
  private readonly logger: Logger
  private readonly journal: Journal
  private readonly topics: Topics
  private readonly offsetsOfGroups: CommittedOffsets
  private readonly identities: FencedIdentities
  private readonly housekeeping: Housekeeping
  private readonly groups = new Map<string, Group>()
  private readonly readers = new Set<EmbeddedPartitionReader>()
  private closing: Promise<void> | undefined

  constructor(
    private readonly database: Database,
    { logger = SILENT, now = new SteadyClock({ logger }).now }: EmbeddedLogOptions,
  ) {
    this.logger = logger
    this.journal = new Journal(database, now)
    this.topics = new Topics(database, this.journal)
    this.offsetsOfGroups = new CommittedOffsets(database.connection)
    this.identities = new FencedIdentities(database.connection)
    this.housekeeping = new Housekeeping(this.topics, this.journal, now, logger)
  }

  /** `replication` means nothing here: there is one copy. */
  async ensureTopics(specs: readonly TopicSpec[]): Promise<void> {
    this.checkOpen()
    await this.topics.ensure(specs)
  }

  async mismatches(spec: TopicSpec): Promise<string[]> {
    this.checkOpen()
    const topic = this.topics.find(spec.name)
    return topic ? mismatches(spec, topic.description) : [`there is no topic ${spec.name}`]
  }

  async describeTopic(name: string): Promise<TopicDescription | undefined> {
    this.checkOpen()
    return this.topics.find(name)?.description
  }

  /** Not in the port: removes a topic with its records and the offsets committed for it. */
  async deleteTopic(name: string): Promise<void> {
    this.checkOpen()
    await this.topics.remove(name)
    this.offsetsOfGroups.forget(name)
  }

  async offsets(topic: string): Promise<PartitionOffsets[]> {
    this.checkOpen()
    return this.topics.get(topic).partitions.map(({ partition, start, end }) => ({ partition, start, end }))
  }

  async append(records: readonly OutRecord[]): Promise<Position[]> {
    this.checkOpen()
    const outgoing = new Outgoing(this.topics, records)
    await this.journal.write({ writes: outgoing.writes })
    return outgoing.positions()
  }

  reader(options: ReaderOptions): PartitionReader {
    const find = () => this.topics.partition(options.topic, options.partition)
    const topicIdNow = () => this.topics.get(options.topic).description.id
    const reader = new EmbeddedPartitionReader(options, find, topicIdNow, (closed) => this.readers.delete(closed))
    if (this.closing) reader.close()
    else this.readers.add(reader)
    return reader
  }

  async fence(id: string): Promise<Transactor> {
    this.checkOpen()
    const epoch = this.identities.take(id)
    await this.journal.write({ writes: [], also: () => this.identities.save(id, epoch) })
    return new EmbeddedTransactor(id, epoch, {
      check: (...identity) => {
        this.checkOpen()
        this.identities.check(...identity)
      },
      write: (transaction) => this.commit(transaction),
    })
  }

  /** One writer, one copy: what was read can only be gone with its topic, or with the file. */
  async divergence(): Promise<undefined> {
    this.checkOpen()
    return undefined
  }

  async join(options: MemberOptions): Promise<GroupMember> {
    this.checkOpen()
    this.topics.get(options.topic)
    return this.group(options.group).join(options)
  }

  async committed(group: string, topic: string, partitions: readonly number[]): Promise<Map<number, Offset>> {
    this.checkOpen()
    await this.journal.settled()
    const found = new Map<number, Offset>()
    for (const partition of partitions) {
      const offset = this.offsetsOfGroups.get(group, topic, partition)
      if (offset !== undefined) found.set(partition, offset)
    }
    return found
  }

  /**
   * Not in the port: what a session time-out does to a member elsewhere (here a stalled process takes its group with
   * it).
   */
  expireMember(group: string, memberId: string): void {
    this.groups.get(group)?.expire(memberId)
  }

  /** Not in the port: forgets what lies before an offset. */
  async truncate(topic: string, partition: number, before: Offset): Promise<void> {
    this.checkOpen()
    await this.housekeeping.truncate(this.topics.partition(topic, partition), before)
  }

  /** Not in the port: what the background does every minute, now. */
  async retain(): Promise<void> {
    this.checkOpen()
    await this.housekeeping.retain()
  }

  /** Not in the port: compacts everything, worth it or not. */
  async compact(): Promise<void> {
    this.checkOpen()
    await this.housekeeping.compact()
  }

  /** What was asked for before is still written; what waits for records is told LOG_CLOSED. */
  close(): Promise<void> {
    return (this.closing ??= this.shutDown())
  }

  private async shutDown(): Promise<void> {
    for (const group of this.groups.values()) group.close()
    for (const reader of [...this.readers]) reader.close()
    await this.housekeeping.close()
    await this.journal.close()
    this.database.close()
  }

  private async commit({ records, source }: Transaction): Promise<Appended[]> {
    if (source?.member) this.group(source.group).check(source.member)
    if (source) this.topics.partition(source.topic, source.partition)
    const outgoing = new Outgoing(this.topics, records)
    const entry: Entry = { writes: outgoing.writes }
    if (source) {
      const { group, topic, partition, offset } = source
      await this.journal.write({
        ...entry,
        also: () => this.offsetsOfGroups.write(group, topic, partition, offset),
        done: () => this.offsetsOfGroups.set(group, topic, partition, offset),
      })
    } else await this.journal.write(entry)
    return outgoing.appended()
  }

  private group(name: string): Group {
    let group = this.groups.get(name)
    if (!group) {
      group = new Group(name, (topic) => this.topics.get(topic).partitions.length, this.logger)
      this.groups.set(name, group)
    }
    return group
  }

  private checkOpen(): void {
    if (this.closing) throw new LogError('LOG_CLOSED', `${this.database.place}; open it again.`)
  }
}
