import type { Connections, Lane } from './connections'
import type { KafkaPartitionReader } from './partition-reader'
import { check } from './protocol-errors'
import { fetch, type FetchedPartition } from './requests/fetch'

/** How long a broker may hold a fetch back while none of its partitions has anything new. */
const LONG_POLL_MS = 500
/** Time left of the long poll that is not worth a second fetch. */
const NEARLY_OVER_MS = 20
const MAX_ANSWER_BYTES = 32 << 20

export interface FetchEvents {
  /** One partition's answer. */
  fetched(reader: KafkaPartitionReader, answer: FetchedPartition): void
  /** No answer for these. */
  failed(readers: readonly KafkaPartitionReader[], error: unknown): void
}

/**
 * Fetches from one leader for all readers that have room: one request for all of them, in lane 1, which the broker holds back until
 * there is something. A reader that gets room meanwhile does not wait for that: lane 0 takes a second request, for those that the
 * first one misses, timed to end just before it, so that the two meet in one request again.
 */
export class LeaderFetch {
  private readonly waiting = new Set<KafkaPartitionReader>()
  private readonly inFlight = new Set<KafkaPartitionReader>()
  private pollEnds: number | undefined
  private extraInFlight = false
  private planned = false

  constructor(
    private readonly nodeId: number,
    private readonly connections: Connections,
    private readonly events: FetchEvents,
  ) {}

  /** The reader is led here, and is fetched for whenever it has room. */
  add(reader: KafkaPartitionReader): void {
    if (!this.inFlight.has(reader)) this.waiting.add(reader)
    this.plan()
  }

  has(reader: KafkaPartitionReader): boolean {
    return this.waiting.has(reader) || this.inFlight.has(reader)
  }

  remove(reader: KafkaPartitionReader): void {
    this.waiting.delete(reader)
    this.inFlight.delete(reader)
  }

  /** Several readers are added or drained in one turn: one request for all of them. */
  plan(): void {
    if (this.planned) return
    this.planned = true
    setImmediate(() => {
      this.planned = false
      this.start()
    })
  }

  private start(): void {
    const hungry = [...this.waiting].filter((reader) => reader.room > 0)
    if (hungry.length === 0) return
    const now = performance.now()
    if (this.pollEnds === undefined) {
      this.pollEnds = now + LONG_POLL_MS
      void this.fetch(hungry, 1, LONG_POLL_MS).finally(() => {
        this.pollEnds = undefined
        this.plan()
      })
    } else if (!this.extraInFlight && this.pollEnds - now > NEARLY_OVER_MS) {
      this.extraInFlight = true
      void this.fetch(hungry, 0, Math.floor(this.pollEnds - now - NEARLY_OVER_MS)).finally(() => {
        this.extraInFlight = false
        this.plan()
      })
    }
  }

  private async fetch(readers: readonly KafkaPartitionReader[], lane: Lane, maxWaitMs: number): Promise<void> {
    const wanted = readers.map((reader) => {
      this.waiting.delete(reader)
      this.inFlight.add(reader)
      return { topic: reader.topic, partition: reader.partition, from: reader.fetchFrom, maxBytes: reader.room }
    })
    try {
      const answer = await this.connections.send(this.nodeId, fetch(wanted, maxWaitMs, MAX_ANSWER_BYTES), lane)
      check(answer.errorCode, 'Fetch')
      for (const reader of readers) this.land(reader)
      for (const partition of answer.partitions) {
        const reader = readers.find((r) => r.topic === partition.topic && r.partition === partition.partition)
        if (reader && !reader.isClosed) this.events.fetched(reader, partition)
      }
    } catch (error) {
      for (const reader of readers) this.remove(reader)
      this.events.failed(
        readers.filter((reader) => !reader.isClosed),
        error,
      )
    }
  }

  private land(reader: KafkaPartitionReader): void {
    if (this.inFlight.delete(reader) && !reader.isClosed) this.waiting.add(reader)
  }
}
