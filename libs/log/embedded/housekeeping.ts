import type { Offset } from '../src/record'
import { Compaction } from './compaction'
import type { Journal } from './journal'
import type { Logger } from './logger'
import { retain, truncate } from './retention'
import type { Partition } from './partition'
import type { Topics } from './topics'

const EVERY_MS = 60_000

/** Retention and compaction in the background: one partition after the other, in slices of a few ms. */
export class Housekeeping {
  private stopping = false
  private running: Promise<void> = Promise.resolve()
  private readonly timer: NodeJS.Timeout

  constructor(
    private readonly topics: Topics,
    private readonly journal: Journal,
    private readonly now: () => number,
    private readonly logger: Logger,
  ) {
    this.timer = setInterval(() => this.tidy(), EVERY_MS)
    this.timer.unref()
  }

  /** Applies retention to every `delete` topic now. */
  retain(): Promise<void> {
    return this.inTurn(async () => {
      for (const { description, partitions } of [...this.topics]) {
        if (description.cleanupPolicy !== 'delete') continue
        for (const each of partitions)
          await retain(each, description.retentionMs, this.now(), this.journal, this.stopped)
      }
    })
  }

  /** Compacts every `compact` topic; in the background only partitions where it is worth it. */
  compact(onlyWhereDue = false): Promise<void> {
    return this.inTurn(async () => {
      for (const { description, partitions } of [...this.topics]) {
        if (description.cleanupPolicy !== 'compact') continue
        for (const partition of partitions) {
          const compaction = new Compaction(partition, description, this.now(), this.journal, this.stopped)
          if (!this.stopping && !partition.deleted && (!onlyWhereDue || compaction.due)) await compaction.run()
        }
      }
    })
  }

  truncate(partition: Partition, before: Offset): Promise<void> {
    return this.inTurn(() => truncate(partition, before, this.journal))
  }

  async close(): Promise<void> {
    this.stopping = true
    clearInterval(this.timer)
    await this.running
  }

  private readonly stopped = (): boolean => this.stopping

  private tidy(): void {
    Promise.all([this.retain(), this.compact(true)]).catch((error: unknown) => {
      this.logger.error({ err: error }, 'tidying the log failed; nothing is lost, it is tried again in a minute')
    })
  }

  /** One thing at a time: both change the same runs. */
  private inTurn(work: () => Promise<void>): Promise<void> {
    const mine = this.running.then(work)
    this.running = mine.catch(() => {})
    return mine
  }
}
