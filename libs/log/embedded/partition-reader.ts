import { LogError } from '../src/errors'
import type { LogBatch, PartitionReader, ReaderOptions } from '../src/log'
import type { LogRecord, Offset } from '../src/record'
import type { Partition } from './partition'
import { RunCursor } from './run-cursor'

const DEFAULT_MAX_BYTES = 1024 * 1024
const DEFAULT_WAIT_MS = 500

/** Reads one partition: from the runs on disk when there is something, else woken by the journal; it never polls. */
export class EmbeddedPartitionReader implements PartitionReader {
  private at: Offset
  /** Of the topic that is read. */
  private topicId: string | undefined
  /** The run that the last batch ended in, when it was cut by size. */
  private cursor: RunCursor | undefined
  private source: Partition | undefined
  private closed = false
  private stopWaiting: (() => void) | undefined
  /** The last call found something at once. */
  private eager = false
  private busy = false

  constructor(
    private readonly options: ReaderOptions,
    private readonly find: () => Partition,
    private readonly topicIdNow: () => string,
    private readonly onClose: (reader: EmbeddedPartitionReader) => void,
  ) {
    this.at = options.from
    this.topicId = options.topicId
  }

  get position(): Offset {
    return this.at
  }

  async next(maxWaitMs = DEFAULT_WAIT_MS): Promise<LogBatch> {
    if (this.busy) throw new Error(`${this.options.topic}/${this.options.partition}: one call of next() at a time`)
    this.busy = true
    try {
      return await this.nextBatch(maxWaitMs)
    } finally {
      this.busy = false
    }
  }

  close(): void {
    if (this.closed) return
    this.closed = true
    this.stopWaiting?.()
    this.onClose(this)
  }

  private async nextBatch(maxWaitMs: number): Promise<LogBatch> {
    // Whoever drains a long backlog with `await next()` alone would otherwise never let go of the event loop.
    if (this.eager) await new Promise<void>((resolve) => setImmediate(resolve))
    const found = this.read()
    this.eager = found !== undefined
    if (found) return found
    await this.change(this.find(), maxWaitMs)
    return this.read() ?? this.batch([], this.find())
  }

  private change(partition: Partition, maxWaitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const stop = () => {
        clearTimeout(timer)
        forget()
        this.stopWaiting = undefined
        resolve()
      }
      const timer = setTimeout(stop, maxWaitMs)
      const forget = partition.onChange(stop)
      this.stopWaiting = stop
    })
  }

  private read(): LogBatch | undefined {
    if (this.closed) throw new LogError('LOG_CLOSED', `the reader of ${this.options.topic}/${this.options.partition}.`)
    const partition = this.find()
    this.checkTopic(partition)
    if (this.source !== partition) this.cursor = undefined
    this.source = partition
    this.check(partition)
    if (this.at === partition.end) return undefined
    const records: LogRecord[] = []
    let room = this.options.maxBytes ?? DEFAULT_MAX_BYTES
    if (this.cursor) room -= this.take(this.cursor, records, room)
    if (room > 0) this.readRuns(partition, records, room)
    return this.batch(records, partition)
  }

  /** Moves on to the end when nothing is left between. */
  private readRuns(partition: Partition, records: LogRecord[], maxBytes: number): void {
    let room = maxBytes
    for (const run of partition.runs(this.at)) {
      const cursor = new RunCursor(run)
      cursor.skipTo(this.at)
      room -= this.take(cursor, records, room)
      if (room <= 0) return
    }
    this.at = partition.end
  }

  private take(cursor: RunCursor, records: LogRecord[], room: number): number {
    const taken = cursor.take(records, room)
    this.at = cursor.next
    this.cursor = cursor.done ? undefined : cursor
    return taken
  }

  private batch(records: readonly LogRecord[], { topic, partition, end }: Partition): LogBatch {
    return { topic, partition, records, next: this.at, end, topicId: this.topicId }
  }

  private checkTopic(partition: Partition): void {
    if (this.source === partition) return
    const now = this.topicIdNow()
    this.topicId ??= now
    if (now !== this.topicId)
      throw new LogError(
        'LOG_TOPIC_REPLACED',
        `${partition.name} was read as ${this.topicId} up to ${this.at}, and is ${now} now`,
      )
  }

  private check({ name, start, end }: Partition): void {
    if (this.at >= start && this.at <= end) return
    throw new LogError('LOG_OFFSET_OUT_OF_RANGE', `${this.at} of ${name}, which holds ${start} to ${end}.`, {
      range: { start, end },
    })
  }
}
