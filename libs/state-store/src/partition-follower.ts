import {
  type Log,
  type LogBatch,
  LogError,
  type Logger,
  type LogRecord,
  type Offset,
  type PartitionReader,
} from '@quorate/log'
import { setTimeout } from 'node:timers/promises'

/** ms: the first pause after an error, doubled up to the cap. */
const PAUSE = { first: 100, cap: 5_000 }

export interface FollowerOptions {
  readonly log: Log
  readonly topic: string
  readonly partition: number
  readonly from: Offset
  readonly logger: Logger
  /** In the order of the log, each once. */
  readonly onRecords: (records: readonly LogRecord[]) => void
  /** `position` or `failure` is another now. */
  readonly onMoved: () => void
}

/**
 * Reads a partition for ever. A reader rides out brokers that are away by itself; what it cannot (credentials refused
 * for a minute, a topic not known to a broker that has just started) is told here, and read again from where it was.
 */
export class PartitionFollower {
  position: Offset
  /** Why nothing is read just now. */
  failure: Error | undefined
  private reader: PartitionReader | undefined
  /** Which log `position` counts in: another one is not read in its place. */
  private origin: Pick<LogBatch, 'topicId' | 'epoch'> = {}
  private readonly closing = new AbortController()
  private readonly ended: Promise<void>

  constructor(private readonly options: FollowerOptions) {
    this.position = options.from
    this.ended = this.live()
  }

  async close(): Promise<void> {
    this.closing.abort()
    this.reader?.close()
    await this.ended
  }

  private async live(): Promise<void> {
    const { topic, partition, logger, onMoved } = this.options
    const { signal } = this.closing
    for (let pause = PAUSE.first; !signal.aborted; pause = Math.min(2 * pause, PAUSE.cap)) {
      try {
        await this.follow(() => (pause = PAUSE.first))
      } catch (error) {
        if (signal.aborted) return
        const before = this.failure
        this.failure = error as Error
        onMoved()
        const told = { err: error, topic, partition, retryInMs: pause }
        // Once for each reason: it is tried again for as long as it takes.
        const isNews = (error as Error).message !== before?.message
        const text = 'a key-value table has stopped following its topic and shows what it had; trying again'
        logger[isNews ? 'error' : 'debug'](told, text)
        // The whole log, not this reader: nothing will ever come again.
        if (LogError.is(error, 'LOG_CLOSED')) return
        await setTimeout(pause, undefined, { signal }).catch(() => undefined)
      }
    }
  }

  private async follow(onRead: () => void): Promise<void> {
    const { log, topic, partition, onRecords, onMoved } = this.options
    const reader = (this.reader = log.reader({ topic, partition, from: this.position, ...this.origin }))
    try {
      while (!this.closing.signal.aborted) {
        const { records, next, topicId, epoch } = await reader.next()
        onRead()
        onRecords(records)
        this.position = next
        this.origin = { topicId, epoch }
        this.failure = undefined
        onMoved()
      }
    } finally {
      reader.close()
    }
  }
}
