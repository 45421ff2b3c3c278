import { type Log, LogError, type Logger, type OutRecord, type Position, type Transactor } from '@quorate/log'
import { StreamsError } from '../errors'

/** ms until fencing is tried again after it failed. */
const RETRY = 1_000

export interface BroadcasterOptions {
  readonly log: Log
  readonly logger: Logger
  /** The stable id, so that a writer that died never holds the partitions up. */
  readonly id: string
  readonly topic: string
  /** Whether the group surely still counts on this process. */
  readonly current: () => boolean
}

/**
 * Writes one record to every partition of the source in one transaction. Only the owner of partition 0 holds the fence.
 */
export class Broadcaster {
  /** Partition 0 is ours. */
  private ours = false
  private fenced: Promise<Transactor> | undefined
  /** Settles when the write before has come to its end. */
  private before: Promise<unknown> = Promise.resolve()

  constructor(private readonly options: BroadcasterOptions) {}

  /** Told at each assignment whether partition 0 is ours. */
  hold(ours: boolean): void {
    this.ours = ours
    if (!ours) this.fenced = undefined
    else this.fenced ??= this.fence()
  }

  /**
   * One transaction at a time, in the order of the calls: a second one under the same identity would fail, and fence
   * the first. Rejects with STREAMS_NOT_OWNER where partition 0 is another's, and for a moment after it seemed so; with
   * LOG_OUTCOME_UNKNOWN also where the write was fenced, since it may have been asked to end before.
   */
  write(record: Omit<OutRecord, 'topic' | 'partition'>, partitions: number): Promise<Position[]> {
    const written = this.before.then(() => this.writeNow(record, partitions))
    this.before = written.catch(() => undefined)
    return written
  }

  private async writeNow(record: Omit<OutRecord, 'topic' | 'partition'>, partitions: number): Promise<Position[]> {
    const { topic } = this.options
    const records = Array.from({ length: partitions }, (_, partition) => ({ ...record, topic, partition }))
    for (let isFirst = true; ; isFirst = false) {
      const { fenced } = this
      if (!fenced) throw new StreamsError('STREAMS_NOT_OWNER', 'partition 0, which writes the broadcasts')
      try {
        return await this.commit(await fenced, records)
      } catch (error) {
        // Forgotten while there was nothing to write: nothing was written now, so it may be done again.
        const isForgotten = LogError.is(error, 'LOG_IDENTITY_EXPIRED') && this.ours && this.options.current()
        if (!isFirst || !isForgotten) throw error
      }
    }
  }

  private async commit(transactor: Transactor, records: readonly OutRecord[]): Promise<Position[]> {
    const { topic } = this.options
    try {
      const appended = await transactor.commit({ records })
      return appended
        .map(({ partition, last }) => ({ topic, partition, offset: last }))
        .sort((a, b) => a.partition - b.partition)
    } catch (error) {
      // Dead after any rejection.
      const isForgotten = LogError.is(error, 'LOG_IDENTITY_EXPIRED')
      if (!LogError.is(error, 'LOG_FENCED') && (!isForgotten || this.options.current())) {
        if (this.ours) this.fenced = this.fence()
        throw error
      }
      this.fenced = undefined
      this.fenceLater()
      if (isForgotten) throw error
      throw new LogError('LOG_OUTCOME_UNKNOWN', `a broadcast to ${topic}`, { cause: error })
    }
  }

  /** A fence that is still in flight is given back when it comes: nobody waits for brokers that are away. */
  close(): void {
    this.ours = false
    this.fenced?.then((transactor) => transactor.close()).catch(() => undefined)
    this.fenced = undefined
  }

  private fence(): Promise<Transactor> {
    const fenced = this.options.log.fence(this.options.id)
    fenced.catch((error: unknown) => {
      this.options.logger.warn({ err: error }, 'could not fence the writer of broadcasts; trying again')
      setTimeout(() => {
        if (this.fenced === fenced) this.fenced = this.fence()
      }, RETRY).unref()
    })
    return fenced
  }

  /**
   * Mostly the new owner of partition 0 has it. But a log forgets an identity that wrote nothing for days, and ends a
   * transaction that took too long: then nobody else is there, and no assignment comes that would tell.
   */
  private fenceLater(): void {
    setTimeout(() => {
      if (!this.ours || this.fenced) return
      if (this.options.current()) this.fenced = this.fence()
      else this.fenceLater()
    }, RETRY).unref()
  }
}
