import type { Connections, Lane } from './connections'
import type { KafkaPartitionReader } from './partition-reader'
import { check } from './protocol-errors'
import { fetch, type FetchedPartition } from './requests/fetch'

/** How long a broker may hold a fetch back while none of its partitions has anything new. */
const LONG_POLL_MS = 500
/**
 * The same while readers take turns: one request asks for a partition once, and several readers may be at different
 * offsets of it.
 */
const TURN_MS = 20
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
 * Fetches from one leader, or from the replica that it names as nearer, for all readers that have room: one request for
 * all of them, in lane 1, which the broker holds back until there is something. A reader that gets room meanwhile does
 * not wait for that: lane 0 takes a second request, for those that the first one misses, timed to end just before it,
 * so that the two meet in one request again.
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
    private readonly rack: string | undefined,
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
    const { chosen, others } = this.hungry()
    if (chosen.length === 0) return
    const patience = others ? TURN_MS : LONG_POLL_MS
    const now = performance.now()
    if (this.pollEnds === undefined) {
      this.pollEnds = now + patience
      void this.fetch(chosen, 1, patience).finally(() => {
        this.pollEnds = undefined
        this.plan()
      })
    } else if (!this.extraInFlight && this.pollEnds - now > NEARLY_OVER_MS) {
      this.extraInFlight = true
      const left = Math.floor(this.pollEnds - now - NEARLY_OVER_MS)
      void this.fetch(chosen, 0, Math.min(patience, left)).finally(() => {
        this.extraInFlight = false
        this.plan()
      })
    }
  }

  /**
   * Those to be fetched for now, one for each partition, those first who have waited longest; and whether others must
   * wait.
   */
  private hungry(): { chosen: KafkaPartitionReader[]; others: boolean } {
    const partitions = new Map<string, KafkaPartitionReader>()
    let others = false
    for (const reader of this.waiting) {
      if (reader.room === 0) continue
      const name = `${reader.topic}/${reader.partition}`
      if (partitions.has(name)) others = true
      else partitions.set(name, reader)
    }
    return { chosen: [...partitions.values()], others }
  }

  private async fetch(readers: readonly KafkaPartitionReader[], lane: Lane, maxWaitMs: number): Promise<void> {
    const wanted = readers.map((reader) => {
      this.waiting.delete(reader)
      this.inFlight.add(reader)
      const { topicId, partition, fetchFrom: from, leaderEpoch, fetchEpoch: lastEpoch, room: maxBytes } = reader
      return { topicId, partition, from, leaderEpoch, lastEpoch, maxBytes }
    })
    try {
      const answer = await this.connections.send(
        this.nodeId,
        fetch(wanted, maxWaitMs, MAX_ANSWER_BYTES, this.rack),
        lane,
      )
      check(answer.errorCode, 'Fetch')
      for (const reader of readers) this.land(reader)
      for (const partition of answer.partitions) {
        const reader = readers.find((r) => r.topicId === partition.topicId && r.partition === partition.partition)
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
