import { LogError, type LogBatch, type LogRecord, type Offset, type PartitionReader, type ReaderOptions } from '../src'
import { InflationTurns, type Turn } from './inflation-turns'
import type { FetchedPartition } from './requests/fetch'
import { BatchDecoder, INFLATION_LIMITS, type InflationLimits, placeAfterBatches } from './wire/batch-decoder'

const DEFAULT_MAX_BYTES = 1 << 20
/** Fetched even when the buffer is nearly full, so that no request asks for crumbs. */
const LEAST_BYTES = 64 << 10

/** What compressed batches may take, and who else waits to inflate one. */
export interface Inflation {
  readonly limits: InflationLimits
  readonly turns: InflationTurns
}

/** What a reader tells the fetcher. */
export interface ReaderEvents {
  /** There is room again. */
  drained(reader: KafkaPartitionReader): void
  closed(reader: KafkaPartitionReader): void
}

/** Holds what was fetched of one partition, undecoded, until it is asked for: decoding waits for the one who reads. */
export class KafkaPartitionReader implements PartitionReader {
  readonly topic: string
  readonly partition: number
  /** Where the next fetch goes on; `position` follows when the records are taken. */
  fetchFrom: Offset
  position: Offset
  isClosed = false
  /** Of the topic that is read; empty until its leader is known the first time. */
  topicId: string
  /** Leadership in which the partition is taken to be. */
  leaderEpoch = -1
  /** Leadership in which the record before `fetchFrom` was written. */
  fetchEpoch: number

  private readonly maxBytes: number
  /** As `fetchEpoch`, for `position`, and for the records handed out last. */
  private epoch: number
  private recordsEpoch: number
  private end: Offset
  private readonly ahead: { readonly decoder: BatchDecoder; readonly bytes: number }[] = []
  private bytesAhead = 0
  private failure: LogError | undefined
  private wake: (() => void) | undefined
  /** To inflate a batch that inflates far; kept until its records have been taken and the next ones are asked for. */
  private turn: Turn | undefined

  constructor(
    options: ReaderOptions,
    private readonly events: ReaderEvents,
    private readonly inflation: Inflation = { limits: INFLATION_LIMITS, turns: new InflationTurns() },
  ) {
    this.topic = options.topic
    this.partition = options.partition
    this.position = this.fetchFrom = this.end = options.from
    this.maxBytes = options.maxBytes ?? DEFAULT_MAX_BYTES
    this.topicId = options.topicId ?? ''
    this.fetchEpoch = this.epoch = this.recordsEpoch = options.epoch ?? -1
  }

  /** Bytes that may be fetched now; 0 while enough is read ahead. */
  get room(): number {
    if (this.isClosed || this.failure || this.bytesAhead >= this.maxBytes / 2) return 0
    return Math.max(this.maxBytes - this.bytesAhead, Math.min(LEAST_BYTES, this.maxBytes))
  }

  async next(maxWaitMs = 500): Promise<LogBatch> {
    const deadline = performance.now() + maxWaitMs
    for (;;) {
      if (this.isClosed) throw this.closedError()
      this.takeTurns()
      if (this.ahead.length > 0) {
        const batch = this.decodeAhead()
        if (batch) return batch
        if (this.ahead.length === 0 || (this.ahead[0]!.decoder.inflatesFar && !this.turn)) continue
      } else if (this.failure) {
        throw this.failure
      }
      const wait = deadline - performance.now()
      if (wait <= 0) return this.batchOf([])
      await this.woken(wait)
    }
  }

  close(): void {
    if (this.isClosed) return
    this.isClosed = true
    this.ahead.length = 0
    this.turn?.release()
    this.wake?.()
    this.events.closed(this)
  }

  /** A fetch's answer for this partition, from `fetchFrom` on. */
  receive(fetched: FetchedPartition): void {
    this.end = Math.max(this.end, fetched.lastStableOffset)
    const { batches, aborted } = fetched
    if (batches.length === 0) return
    const decoder = new BatchDecoder(batches, this.fetchFrom, aborted, this.inflation.limits)
    decoder.epoch = decoder.recordsEpoch = this.fetchEpoch
    this.ahead.push({ decoder, bytes: batches.length })
    this.bytesAhead += batches.length
    const { next, epoch } = placeAfterBatches(batches, this.fetchFrom, this.fetchEpoch)
    this.fetchFrom = next
    this.fetchEpoch = epoch
    this.wake?.()
  }

  /** What is read ahead is still delivered; then every `next` rejects with this. */
  fail(failure: LogError): void {
    this.failure = failure
    this.wake?.()
  }

  /** Gives back the turn of a batch that is through, and waits for one where the next batch inflates far. */
  private takeTurns(): void {
    const decoder = this.ahead[0]?.decoder
    if (this.turn?.granted && !decoder?.inflatesFar) {
      this.turn.release()
      this.turn = undefined
    }
    if (!decoder?.inflatesFar) return
    this.turn ??= this.inflation.turns.take(() => this.wake?.())
    decoder.mayInflateFar = this.turn.granted
  }

  /** undefined when nothing moved, or when the bytes are no records: then `failure` says so. */
  private decodeAhead(): LogBatch | undefined {
    const records: LogRecord[] = []
    const before = this.position
    try {
      for (let taken = 0; taken < this.maxBytes && this.ahead.length > 0;) {
        const { decoder, bytes } = this.ahead[0]!
        if (records.length > 0 && decoder.startsAnother(this.recordsEpoch)) break
        taken += decoder.decode(records, this.maxBytes - taken)
        const { done } = decoder // moves it over what holds no records
        this.position = decoder.next
        this.epoch = decoder.epoch
        this.recordsEpoch = decoder.recordsEpoch
        // Enough, or the next batch waits for its turn, or is of another leadership.
        if (!done) break
        this.bytesAhead -= bytes
        this.ahead.shift()
      }
    } catch (cause) {
      this.ahead.length = 0
      this.failure = new LogError('LOG_CORRUPT', `${this.topic}-${this.partition}: ${(cause as Error).message}`, {
        cause,
      })
    }
    this.events.drained(this)
    return this.position > before ? this.batchOf(records) : undefined
  }

  private batchOf(records: readonly LogRecord[]): LogBatch {
    const { topic, partition, position: next, topicId, epoch, recordsEpoch } = this
    return { topic, partition, records, next, end: Math.max(this.end, next), topicId, epoch, recordsEpoch }
  }

  private woken(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer)
        this.wake = undefined
        resolve()
      }
      const timer = setTimeout(done, timeoutMs)
      this.wake = done
    })
  }

  private closedError(): LogError {
    return new LogError('LOG_CLOSED', `the reader of ${this.topic}-${this.partition} was closed`)
  }
}
