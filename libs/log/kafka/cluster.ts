import { LogError } from '../src'
import { Connections, type Address } from './connections'
import type { KafkaSettings } from './options'
import { check, CODE, NoAnswer, ProtocolError, Unreachable } from './protocol-errors'
import { apiVersions } from './requests/api-versions'
import { findCoordinator, type CoordinatorKind } from './requests/find-coordinator'
import { metadata, type TopicMetadata } from './requests/metadata'
import type { Request } from './requests/request'

/** Who leads a partition, and since which election. */
export interface Leadership {
  readonly node: number
  readonly epoch: number
  readonly topicId: string
}

type Topics = ReadonlyMap<string, TopicMetadata>

/**
 * How long nodes may say that there is no such topic before it is believed: of one that was there, and of one that
 * never was.
 */
const UNKNOWN_MS = { seen: 3000, neverSeen: 300 }

/** ms that a node may be silent before the next is asked. */
const SILENCE_MS = 10_000

/** What is known of the cluster: nodes, the leaders of partitions, coordinators; asked over connections of its own. */
export class Cluster {
  private readonly nodes = new Map<number, Address>()
  private readonly topics = new Map<string, TopicMetadata>()
  private readonly coordinators = new Map<string, number>()
  /** The addresses in the configuration, as nodes -1, -2, …: their ids are not known before one of them answers. */
  private readonly seeds: readonly number[]
  private readonly questions: Connections
  private asking: { readonly topics: readonly string[]; readonly answer: Promise<Topics> } | undefined
  private turn = 0
  /** performance.now() of the first question that nobody answered, since somebody last did. */
  private awaySince: number | undefined
  private readonly seen = new Set<string>()
  private readonly missing = new Map<string, { readonly since: number; readonly lastAsked: number }>()

  constructor(private readonly settings: KafkaSettings) {
    this.seeds = settings.brokers.map((broker, i) => {
      this.nodes.set(-1 - i, parseAddress(broker))
      return -1 - i
    })
    this.questions = this.connections(Math.min(settings.requestTimeoutMs, SILENCE_MS))
  }

  /** New connections to this cluster's nodes, for one purpose. */
  connections(requestTimeoutMs = this.settings.requestTimeoutMs): Connections {
    return new Connections({ ...this.settings, requestTimeoutMs }, (nodeId) => this.addressOf(nodeId))
  }

  /** Whether transactions of Kafka 4 are agreed on (transaction.version 2). */
  async hasTransactionVersion2(): Promise<boolean> {
    const { errorCode, features } = await this.ask(apiVersions)
    return errorCode === CODE.NONE && (features.get('transaction.version') ?? 0) >= 2
  }

  /**
   * Asks any node that answers: one that is silent is passed by like one that is not there. Such requests may be done
   * twice.
   */
  async ask<Answer>(request: Request<Answer>): Promise<Answer> {
    const known = [...this.nodes.keys()].filter((nodeId) => nodeId >= 0)
    const candidates = [...known, ...this.seeds]
    let failure: unknown
    for (let i = 0; i < candidates.length; i++) {
      // Stays with one that answers; turns to the next when it does not.
      const nodeId = candidates[(this.turn + i) % candidates.length]!
      try {
        const answer = await this.questions.send(nodeId, request)
        this.turn = candidates.indexOf(nodeId)
        this.awaySince = undefined
        return answer
      } catch (error) {
        if (!(error instanceof NoAnswer)) throw error
        failure = error
      }
    }
    this.awaySince ??= performance.now()
    throw failure
  }

  /** ms that no broker at all has answered a question; 0 where the last one was answered. */
  get awayFor(): number {
    return this.awaySince === undefined ? 0 : performance.now() - this.awaySince
  }

  askNode<Answer>(nodeId: number, request: Request<Answer>): Promise<Answer> {
    return this.questions.send(nodeId, request)
  }

  /** The leader as last heard. Rejects with a retriable ProtocolError while there is none. */
  async leaderOf(topic: string, partition: number): Promise<number> {
    return (await this.leadershipOf(topic, partition)).node
  }

  /** Likewise, with its epoch and the id of the topic. */
  async leadershipOf(topic: string, partition: number): Promise<Leadership> {
    // One that is not known may have been added since.
    let known = this.topics.get(topic)
    const isKnown = known?.partitions.some((p) => p.partition === partition)
    // The answer itself: of several that waited for it, another may have forgotten the topic since.
    if (!isKnown) known = (await this.refresh([topic])).get(topic)
    if (!known) throw this.unknown(topic)
    const found = known.partitions.find((p) => p.partition === partition)
    if (found === undefined)
      throw new LogError(
        'LOG_UNKNOWN_TOPIC',
        `${topic} has ${known.partitions.length} partitions, there is no partition ${partition}`,
      )
    if (found.leader >= 0) return { node: found.leader, epoch: found.leaderEpoch, topicId: known.id }
    this.forgetTopic(topic)
    throw new ProtocolError(CODE.LEADER_NOT_AVAILABLE, `Metadata of ${topic}-${partition}`)
  }

  /** A topic just made may not be known to every node yet, and a node may forget one for a moment: only time tells. */
  private unknown(topic: string): Error {
    const now = performance.now()
    const missing = this.missing.get(topic)
    const since = missing && now - missing.lastAsked < UNKNOWN_MS.seen ? missing.since : now
    this.missing.set(topic, { since, lastAsked: now })
    if (now - since > (this.seen.has(topic) ? UNKNOWN_MS.seen : UNKNOWN_MS.neverSeen))
      return new LogError('LOG_UNKNOWN_TOPIC', topic)
    return new ProtocolError(CODE.UNKNOWN_TOPIC_OR_PARTITION, `Metadata of ${topic}`)
  }

  /** The topic as it is now; undefined when there is none. */
  async topic(name: string): Promise<TopicMetadata | undefined> {
    return (await this.refresh([name])).get(name)
  }

  /** The next `leaderOf` asks again. */
  forgetTopic(topic: string): void {
    this.topics.delete(topic)
  }

  async coordinatorOf(kind: CoordinatorKind, key: string): Promise<number> {
    const name = `${kind}/${key}`
    const known = this.coordinators.get(name)
    if (known !== undefined) return known
    const found = await this.ask(findCoordinator(kind, key))
    check(found.errorCode, `FindCoordinator of ${name}`)
    this.nodes.set(found.nodeId, { host: found.host, port: found.port })
    this.coordinators.set(name, found.nodeId)
    return found.nodeId
  }

  forgetCoordinator(kind: CoordinatorKind, key: string): void {
    this.coordinators.delete(`${kind}/${key}`)
  }

  async close(): Promise<void> {
    await this.questions.close()
  }

  private addressOf(nodeId: number): Address {
    const address = this.nodes.get(nodeId)
    if (!address) throw new Unreachable(`node ${nodeId} is not among the brokers any more`)
    return address
  }

  /** What the nodes say now of these topics, and of others that were asked for with them. */
  private async refresh(topics: readonly string[]): Promise<Topics> {
    // Many readers and writers miss the same leader at once: one question is enough for all that it covers.
    while (this.asking) {
      const { topics: asked, answer } = this.asking
      if (topics.every((topic) => asked.includes(topic))) return answer
      await answer.catch(() => {})
    }
    const answer = this.askForMetadata(topics).finally(() => (this.asking = undefined))
    this.asking = { topics, answer }
    return answer
  }

  private async askForMetadata(topics: readonly string[]): Promise<Topics> {
    const answer = await this.ask(metadata(topics))
    for (const { nodeId, host, port } of answer.nodes) this.nodes.set(nodeId, { host, port })
    const found = new Map<string, TopicMetadata>()
    for (const topic of answer.topics) {
      if (topic.errorCode === CODE.NONE || topic.errorCode === CODE.LEADER_NOT_AVAILABLE) {
        found.set(topic.name, topic)
        this.topics.set(topic.name, topic)
      } else if (topic.errorCode === CODE.UNKNOWN_TOPIC_OR_PARTITION) this.topics.delete(topic.name)
      else check(topic.errorCode, `Metadata of ${topic.name}`)
    }
    return found
  }
}

function parseAddress(broker: string): Address {
  const match = /^\[?(.+?)\]?:(\d+)$/.exec(broker.trim())
  if (!match) throw new LogError('LOG_UNAVAILABLE', `"${broker}" is no host:port`)
  return { host: match[1]!, port: Number(match[2]) }
}
