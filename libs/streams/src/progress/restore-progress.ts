import type { Logger, Offset } from '@quorate/log'

export interface RestoreRange {
  readonly partition: number
  readonly from: Offset
  readonly end: Offset
  readonly logger: Logger
  readonly now: () => number
}

/** ms between two lines about the same restore. */
const EVERY = 1_000

/** How far a restore is, in changelog offsets; long ones say so now and then. */
export class RestoreProgress {
  restored = 0
  readonly total: number
  private readonly startedAt: number
  private toldAt: number

  constructor(private readonly range: RestoreRange) {
    this.total = range.end - range.from
    this.startedAt = this.toldAt = range.now()
  }

  reach(position: Offset): void {
    const { partition, from, end, logger, now } = this.range
    this.restored = Math.min(position, end) - from
    const at = now()
    if (at - this.toldAt < EVERY) return
    this.toldAt = at
    const perSecond = Math.round((this.restored * 1000) / Math.max(1, at - this.startedAt))
    const percent = Math.floor((this.restored * 100) / Math.max(1, this.total))
    logger.info(
      { partition, restored: this.restored, total: this.total, percent, perSecond },
      'restoring from the changelog',
    )
  }
}
