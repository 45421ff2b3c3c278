import {
  LogError,
  type GroupMember,
  type Log,
  type MemberOptions,
  type Offset,
  type OutRecord,
  type PartitionOffsets,
  type PartitionReader,
  type Position,
  type ReaderOptions,
  type TopicDescription,
  type TopicSpec,
  type Transactor,
} from '../src'
import { Appender } from './appender'
import { Cluster } from './cluster'
import type { Connections } from './connections'
import { Fetcher } from './fetcher'
import { InflationTurns } from './inflation-turns'
import { KafkaMember, SESSION_TIMEOUT_MS } from './member'
import { settingsOf, type KafkaLogOptions, type KafkaSettings } from './options'
import { check, COORDINATOR_MOVED, NoAnswer, ProtocolError, toLogError } from './protocol-errors'
import type { CoordinatorKind } from './requests/find-coordinator'
import { initProducerId } from './requests/init-producer-id'
import { EARLIEST, LATEST, listOffsets } from './requests/list-offsets'
import { offsetForLeaderEpoch } from './requests/offset-for-leader-epoch'
import { offsetFetch } from './requests/offset-fetch'
import type { Request } from './requests/request'
import { retrying, type Patience } from './retry'
import { Topics } from './topics'
import { KafkaTransactor } from './transactor'

/** Connections that transactions share out among themselves: a broker serves one request of a connection at a time. */
const TRANSACTION_CONNECTIONS = 4

/** The log port on Apache Kafka. DESIGN.md says how. */
export class KafkaLog implements Log {
  readonly kind = 'kafka'
  private readonly patience: Patience
  private readonly closing = new AbortController()
  private readonly topics: Topics
  private readonly fetcher: Fetcher
  private readonly appender: Appender
  private readonly transactions: readonly Connections[]
  private readonly members = new Set<KafkaMember>()
  private fences = 0

  private constructor(
    private readonly settings: KafkaSettings,
    private readonly cluster: Cluster,
    private readonly version2: boolean,
  ) {
    this.patience = { timeoutMs: settings.retryTimeoutMs, signal: this.closing.signal }
    this.topics = new Topics(cluster, this.patience)
    const rangeOf = (topic: string, partition: number) => this.range(topic, partition)
    const inflation = { limits: settings.inflation, turns: new InflationTurns() }
    this.fetcher = new Fetcher(cluster, cluster.connections(), rangeOf, settings.logger, inflation, settings.rack)
    this.appender = new Appender({
      cluster,
      connections: cluster.connections(),
      topics: this.topics,
      timeoutMs: settings.appendTimeoutMs,
    })
    this.transactions = Array.from({ length: TRANSACTION_CONNECTIONS }, () => cluster.connections())
  }

  /**
   * Rejects with LOG_UNAVAILABLE when no broker answers within `retryTimeoutMs`, with LOG_UNAUTHORIZED when the log-in
   * fails.
   */
  static async open(options: KafkaLogOptions): Promise<KafkaLog> {
    const settings = settingsOf(options)
    const cluster = new Cluster(settings)
    try {
      const what = `connecting to ${settings.brokers.join(', ')}`
      const version2 = await retrying(what, { timeoutMs: settings.retryTimeoutMs }, () =>
        cluster.hasTransactionVersion2(),
      )
      return new KafkaLog(settings, cluster, version2)
    } catch (error) {
      await cluster.close()
      throw error
    }
  }

  async ensureTopics(specs: readonly TopicSpec[], options: { replication?: number } = {}): Promise<void> {
    this.failIfClosed()
    if (specs.length > 0) await this.topics.ensure(specs, options.replication)
  }

  async mismatches(spec: TopicSpec, options: { replication?: number } = {}): Promise<string[]> {
    this.failIfClosed()
    return this.topics.mismatches(spec, options.replication)
  }

  async describeTopic(name: string): Promise<TopicDescription | undefined> {
    this.failIfClosed()
    return this.topics.describe(name)
  }

  async offsets(topic: string): Promise<PartitionOffsets[]> {
    this.failIfClosed()
    const known = await retrying(`asking for topic ${topic}`, this.patience, () => this.cluster.topic(topic))
    if (!known) throw new LogError('LOG_UNKNOWN_TOPIC', topic)
    const partitions = known.partitions.map(({ partition }) => partition).sort((a, b) => a - b)
    const [starts, ends] = await Promise.all([
      this.list(topic, partitions, EARLIEST),
      this.list(topic, partitions, LATEST),
    ])
    return partitions.map((partition) => ({ partition, start: starts.get(partition)!, end: ends.get(partition)! }))
  }

  async append(records: readonly OutRecord[]): Promise<Position[]> {
    this.failIfClosed()
    return this.appender.append(records)
  }

  reader(options: ReaderOptions): PartitionReader {
    this.failIfClosed()
    return this.fetcher.open(options)
  }

  async fence(id: string): Promise<Transactor> {
    this.failIfClosed()
    const connections = this.transactions[this.fences++ % TRANSACTION_CONNECTIONS]!
    // CONCURRENT_TRANSACTIONS until the predecessor's transaction is ended on every partition: a few ms, so ask again
    // soon.
    const patience = { ...this.patience, pauseMs: 2, maxPauseMs: 50 }
    const request = initProducerId(id, this.settings.transactionTimeoutMs)
    const identity = await retrying(`fencing ${id}`, patience, () =>
      this.askCoordinator(connections, 'transaction', id, request, ({ errorCode }) =>
        check(errorCode, 'InitProducerId'),
      ),
    )
    const { cluster, topics, version2 } = this
    const timeoutMs = this.settings.transactionTimeoutMs
    return new KafkaTransactor(id, identity, connections, { cluster, topics, timeoutMs, version2 })
  }

  async join(options: MemberOptions): Promise<GroupMember> {
    this.failIfClosed()
    // Of its own, for a JoinGroup holds up whatever comes after it; and a heartbeat unanswered for a whole session came
    // to nothing.
    const { requestTimeoutMs } = this.settings
    const connections = this.cluster.connections(
      Math.min(requestTimeoutMs, options.sessionTimeoutMs ?? SESSION_TIMEOUT_MS),
    )
    const member = await retrying(`joining group ${options.group}`, this.patience, () =>
      KafkaMember.join(options, this.cluster, connections, this.settings.logger),
    )
    this.members.add(member)
    return member
  }

  async committed(group: string, topic: string, partitions: readonly number[]): Promise<Map<number, Offset>> {
    this.failIfClosed()
    const request = offsetFetch(group, topic, partitions)
    const patience = { ...this.patience, pauseMs: 5, maxPauseMs: 100 } // an open transaction mostly ends within milliseconds
    const answer = await retrying(`asking for the offsets of group ${group}`, patience, () =>
      this.askCoordinator(this.transactions[0]!, 'group', group, request, ({ errorCode, partitions: offsets }) => {
        check(errorCode, 'OffsetFetch')
        for (const { errorCode: code, partition } of offsets) check(code, `OffsetFetch of ${topic}-${partition}`)
      }),
    )
    return new Map(
      answer.partitions.filter(({ offset }) => offset >= 0).map(({ partition, offset }) => [partition, offset]),
    )
  }

  divergence(topic: string, partition: number, offset: Offset, epoch: number): Promise<Offset | undefined> {
    this.failIfClosed()
    return retrying(`asking for the end of leadership ${epoch} of ${topic}-${partition}`, this.patience, async () => {
      try {
        const { node, epoch: current } = await this.cluster.leadershipOf(topic, partition)
        const answer = await this.cluster.askNode(node, offsetForLeaderEpoch(topic, partition, current, epoch))
        check(answer!.errorCode, `OffsetForLeaderEpoch of ${topic}-${partition}`)
        const { epoch: latest, end } = answer!
        if (end < 0 || (latest === epoch && end >= offset)) return undefined
        return Math.min(end, offset)
      } catch (error) {
        this.cluster.forgetTopic(topic)
        throw error
      }
    })
  }

  async close(): Promise<void> {
    if (this.closing.signal.aborted) return
    this.closing.abort()
    await Promise.all([...this.members].map((member) => member.leave()))
    await Promise.all([
      this.fetcher.close(),
      this.appender.close(),
      ...this.transactions.map((connections) => connections.close()),
    ])
    await this.cluster.close()
  }

  private async askCoordinator<Answer>(
    connections: Connections,
    kind: CoordinatorKind,
    key: string,
    request: Request<Answer>,
    judge: (answer: Answer) => void,
  ): Promise<Answer> {
    try {
      const answer = await connections.send(await this.cluster.coordinatorOf(kind, key), request)
      judge(answer)
      return answer
    } catch (error) {
      if (error instanceof NoAnswer || (error instanceof ProtocolError && COORDINATOR_MOVED.has(error.code)))
        this.cluster.forgetCoordinator(kind, key)
      throw error
    }
  }

  private async range(topic: string, partition: number): Promise<{ start: number; end: number }> {
    const [starts, ends] = await Promise.all([
      this.list(topic, [partition], EARLIEST),
      this.list(topic, [partition], LATEST),
    ])
    return { start: starts.get(partition)!, end: ends.get(partition)! }
  }

  private list(
    topic: string,
    partitions: readonly number[],
    which: typeof EARLIEST | typeof LATEST,
  ): Promise<Map<number, number>> {
    return retrying(`asking for the offsets of ${topic}`, this.patience, async () => {
      try {
        const leaders = new Map<number, { topic: string; partition: number }[]>()
        for (const partition of partitions) {
          const leader = await this.cluster.leaderOf(topic, partition)
          leaders.set(leader, [...(leaders.get(leader) ?? []), { topic, partition }])
        }
        const answers = await Promise.all(
          [...leaders].map(([leader, led]) => this.cluster.askNode(leader, listOffsets(led, which))),
        )
        return new Map(
          answers.flat().map(({ partition, errorCode, offset }) => {
            check(errorCode, `ListOffsets of ${topic}-${partition}`)
            return [partition, offset]
          }),
        )
      } catch (error) {
        this.cluster.forgetTopic(topic)
        throw error
      }
    })
  }

  private failIfClosed(): void {
    if (this.closing.signal.aborted) throw new LogError('LOG_CLOSED', 'open it anew')
  }
}

/** Opens the log on a Kafka cluster. */
export async function openKafkaLog(options: KafkaLogOptions): Promise<Log> {
  try {
    return await KafkaLog.open(options)
  } catch (error) {
    throw toLogError(error, 'opening the log')
  }
}
