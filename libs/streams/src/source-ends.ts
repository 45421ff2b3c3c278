import type { Log, Logger, Offset } from '@quorate/log'

/** ms between two looks. */
const EVERY = 1_000

/** The stable ends of a topic's partitions, looked up each second while somebody wants to know: what standbys measure their lag by. */
export class SourceEnds {
  private ends = new Map<number, Offset>()
  private timer: NodeJS.Timeout | undefined
  private asking = false

  constructor(
    private readonly log: Log,
    private readonly topic: string,
    private readonly logger: Logger,
    private readonly onFirst: () => void,
  ) {}

  get(partition: number): Offset | undefined {
    return this.ends.get(partition)
  }

  want(wanted: boolean): void {
    if (wanted === (this.timer !== undefined)) return
    clearInterval(this.timer)
    this.timer = undefined
    if (!wanted) return
    this.timer = setInterval(() => void this.look(), EVERY).unref()
    void this.look()
  }

  private async look(): Promise<void> {
    if (this.asking) return
    this.asking = true
    try {
      const offsets = await this.log.offsets(this.topic)
      const first = this.ends.size === 0
      this.ends = new Map(offsets.map(({ partition, end }) => [partition, end]))
      if (first) this.onFirst()
    } catch (error) {
      this.logger.debug({ err: error, topic: this.topic }, 'could not look up the ends of the source')
    } finally {
      this.asking = false
    }
  }
}
