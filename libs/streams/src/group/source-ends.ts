import type { Log, Logger, Offset } from '@quorate/log'

/** ms between two looks. */
const EVERY = 1_000
/** ms after which a look says nothing any more: three were missed. */
const FRESH = 3_000

/** A moment by both clocks: one goes on while the machine sleeps, the other is never set. */
interface Moment {
  readonly wall: number
  readonly monotonic: number
}

const momentNow = (): Moment => ({ wall: Date.now(), monotonic: performance.now() })

/**
 * The stable ends of a topic's partitions, looked up each second while somebody wants to know: what standbys measure
 * their lag by.
 */
export class SourceEnds {
  private ends = new Map<number, Offset>()
  /** The sending of the look that brought them. */
  private lookedAt: Moment | undefined
  private timer: NodeJS.Timeout | undefined
  private asking = false

  constructor(
    private readonly log: Pick<Log, 'offsets'>,
    private readonly topic: string,
    private readonly logger: Logger,
  ) {}

  /**
   * undefined when it is not known: a process that is cut off, or was frozen, must not measure itself by an end of long
   * ago. Judged when it is read, so also in the first breath after a sleep.
   */
  get(partition: number): Offset | undefined {
    return this.fresh ? this.ends.get(partition) : undefined
  }

  want(wanted: boolean): void {
    if (wanted === (this.timer !== undefined)) return
    clearInterval(this.timer)
    this.timer = undefined
    if (!wanted) return
    this.timer = setInterval(() => void this.look(), EVERY).unref()
    void this.look()
  }

  private get fresh(): boolean {
    if (!this.lookedAt) return false
    const { wall, monotonic } = momentNow()
    return wall - this.lookedAt.wall <= FRESH && monotonic - this.lookedAt.monotonic <= FRESH
  }

  private async look(): Promise<void> {
    if (this.asking) return
    this.asking = true
    const sentAt = momentNow()
    try {
      const offsets = await this.log.offsets(this.topic)
      this.ends = new Map(offsets.map(({ partition, end }) => [partition, end]))
      this.lookedAt = sentAt
    } catch (error) {
      this.logger.debug({ err: error, topic: this.topic }, 'could not look up the ends of the source')
    } finally {
      this.asking = false
    }
  }
}
