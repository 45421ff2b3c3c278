import { setTimeout as delay } from 'node:timers/promises'
import { LogError, type Logger, type ReaderOptions } from '../src'
import type { Cluster, Leadership } from './cluster'
import type { Connections } from './connections'
import { LeaderFetch } from './leader-fetch'
import { type Inflation, KafkaPartitionReader } from './partition-reader'
import { CODE, isRetriable, LEADER_MOVED, ProtocolError, toLogError } from './protocol-errors'
import type { FetchedPartition } from './requests/fetch'

const PAUSE_MS = 50
const MAX_PAUSE_MS = 500
/** ms until the leader is asked again which replica is nearest. */
const NEARBY_MS = 300_000
/** ms that another topic id must be heard before it is believed. */
const OTHER_TOPIC_MS = 1_000

/** The range that the log holds of a partition, for the error that says so. */
export type RangeOf = (topic: string, partition: number) => Promise<{ start: number; end: number }>

interface Nearby {
  readonly node: number
  readonly until: number
}

/**
 * Keeps every reader with the leader of its partition, wherever that moves; or, where a rack is given and the brokers
 * know of a replica nearer to it (KIP-392), with that one, until something is wrong with it.
 */
export class Fetcher {
  private readonly leaders = new Map<number, LeaderFetch>()
  private readonly readers = new Map<KafkaPartitionReader, LeaderFetch | undefined>()
  private readonly nearby = new WeakMap<KafkaPartitionReader, Nearby>()
  /** Since when a reader's topic has seemed to be another. */
  private readonly others = new WeakMap<KafkaPartitionReader, number>()
  private readonly closing = new AbortController()

  constructor(
    private readonly cluster: Cluster,
    private readonly connections: Connections,
    private readonly rangeOf: RangeOf,
    private readonly logger: Logger,
    private readonly inflation: Inflation,
    private readonly rack?: string,
  ) {}

  open(options: ReaderOptions): KafkaPartitionReader {
    const events = {
      drained: (drained: KafkaPartitionReader) => this.readers.get(drained)?.plan(),
      closed: (closed: KafkaPartitionReader) => {
        this.readers.get(closed)?.remove(closed)
        this.readers.delete(closed)
      },
    }
    const reader = new KafkaPartitionReader(options, events, this.inflation)
    this.readers.set(reader, undefined)
    void this.follow(reader)
    return reader
  }

  async close(): Promise<void> {
    this.closing.abort()
    for (const reader of [...this.readers.keys()]) reader.close()
    await this.connections.close()
  }

  /** Hands the reader to its leader, once there is one that can be reached. */
  private async follow(reader: KafkaPartitionReader): Promise<void> {
    for (let pause = PAUSE_MS; !reader.isClosed; pause = Math.min(2 * pause, MAX_PAUSE_MS)) {
      try {
        const leadership = await this.cluster.leadershipOf(reader.topic, reader.partition)
        if (reader.isClosed) return
        if (!this.isSameTopic(reader, leadership)) return
        const node = this.nearby.get(reader)?.node ?? leadership.node
        const fetch = this.fetchFrom(node)
        this.readers.set(reader, fetch)
        fetch.add(reader)
        return
      } catch (error) {
        if (!isRetriable(error)) return reader.fail(toLogError(error, `reading ${reader.topic}-${reader.partition}`))
        this.cluster.forgetTopic(reader.topic)
      }
      await this.pause(pause)
    }
  }

  /** A node that has not heard yet may name the topic of before: only what is said again counts. */
  private isSameTopic(reader: KafkaPartitionReader, { epoch, topicId }: Leadership): boolean {
    reader.leaderEpoch = epoch
    if (reader.topicId === '' || reader.topicId === topicId) {
      this.others.delete(reader)
      reader.topicId = topicId
      return true
    }
    const since = this.others.get(reader) ?? performance.now()
    this.others.set(reader, since)
    if (performance.now() - since < OTHER_TOPIC_MS) throw new ProtocolError(CODE.INCONSISTENT_TOPIC_ID, 'Metadata')
    const place = `${reader.topic}-${reader.partition}`
    reader.fail(new LogError('LOG_TOPIC_REPLACED', `${place} was read as ${reader.topicId} up to ${reader.fetchFrom}, and is ${topicId} now`)) // prettier-ignore
    return false
  }

  private fetchFrom(nodeId: number): LeaderFetch {
    let fetch = this.leaders.get(nodeId)
    if (!fetch) {
      fetch = new LeaderFetch(
        nodeId,
        this.connections,
        {
          fetched: (reader, answer) => void this.fetched(reader, answer),
          failed: (readers, error) => void this.failed(readers, error),
        },
        this.rack,
      )
      this.leaders.set(nodeId, fetch)
    }
    return fetch
  }

  private fetched(reader: KafkaPartitionReader, answer: FetchedPartition): void {
    if (answer.errorCode === CODE.NONE) return this.received(reader, answer)
    const error = new ProtocolError(answer.errorCode, `Fetch of ${reader.topic}-${reader.partition}`)
    this.leave(reader)
    if (answer.errorCode === CODE.OFFSET_OUT_OF_RANGE) void this.outOfRange(reader, error)
    else void this.failed([reader], error)
  }

  private received(reader: KafkaPartitionReader, answer: FetchedPartition): void {
    const { preferredReplica: node } = answer
    const { topic, partition } = reader
    const nearby = this.nearby.get(reader)
    if (node >= 0 && node !== nearby?.node) {
      this.logger.debug({ topic, partition, node }, 'reading from a replica that is nearer than the leader')
      this.move(reader, { node, until: performance.now() + NEARBY_MS })
      return
    }
    if (answer.divergesAt !== undefined) {
      this.leave(reader)
      reader.fail(this.truncated(reader, Math.min(answer.divergesAt, reader.fetchFrom)))
      return
    }
    reader.receive(answer)
    if (nearby && performance.now() > nearby.until) this.move(reader, undefined)
  }

  private move(reader: KafkaPartitionReader, nearby: Nearby | undefined): void {
    this.leave(reader)
    if (nearby) this.nearby.set(reader, nearby)
    else this.nearby.delete(reader)
    void this.follow(reader)
  }

  private async failed(readers: readonly KafkaPartitionReader[], error: unknown): Promise<void> {
    for (const reader of readers) {
      this.leave(reader)
      this.nearby.delete(reader)
      this.cluster.forgetTopic(reader.topic)
      const { topic, partition } = reader
      if (!isRetriable(error)) reader.fail(toLogError(error, `reading ${topic}-${partition}`))
      else if (!(error instanceof ProtocolError && LEADER_MOVED.has(error.code)))
        this.logger.debug({ topic, partition, reason: (error as Error).message }, 'a fetch failed; trying again')
    }
    if (!isRetriable(error)) return
    await this.pause(PAUSE_MS)
    for (const reader of readers) void this.follow(reader)
  }

  private async outOfRange(reader: KafkaPartitionReader, error: ProtocolError): Promise<void> {
    const place = `${reader.topic}-${reader.partition}`
    try {
      const range = await this.rangeOf(reader.topic, reader.partition)
      // A leader that has just been elected may answer so although the offset is there.
      if (reader.fetchFrom >= range.start && reader.fetchFrom <= range.end)
        return await this.failed([reader], REELECTED)
      const detail = `${place} holds ${range.start} to ${range.end}, not ${reader.fetchFrom}`
      reader.fail(new LogError('LOG_OFFSET_OUT_OF_RANGE', detail, { cause: error, range }))
    } catch (cause) {
      reader.fail(toLogError(cause, `asking what ${place} holds`))
    }
  }

  private truncated({ topic, partition, fetchFrom }: KafkaPartitionReader, at: number): LogError {
    const detail = `${topic}-${partition} was read up to ${fetchFrom}, and has other records, or none, from ${at} on: a leader was elected that did not have them`
    return new LogError('LOG_TRUNCATED', detail, { range: { start: at, end: fetchFrom } })
  }

  private leave(reader: KafkaPartitionReader): void {
    this.readers.get(reader)?.remove(reader)
    if (this.readers.has(reader)) this.readers.set(reader, undefined)
  }

  private async pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.closing.signal }).catch(() => {})
  }
}

const REELECTED = new ProtocolError(CODE.LEADER_NOT_AVAILABLE, 'Fetch')
