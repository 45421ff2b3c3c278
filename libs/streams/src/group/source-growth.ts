import type { Log, Logger, PartitionOffsets } from '@quorate/log'
import { StreamsError } from '../errors'

/** ms between two looks. */
const EVERY = 5_000

export interface SourceGrowthOptions {
  readonly log: Log
  readonly logger: Logger
  readonly topic: string
  /** As many as the application was started with. */
  readonly partitions: number
  /** Told once. */
  readonly onGrown: (error: StreamsError) => void
  /** Told at each look. */
  readonly onOffsets?: (offsets: readonly PartitionOffsets[]) => void
  readonly everyMs?: number
}

/**
 * Notices that somebody has added partitions to the source. Keys hash to other partitions from then on: what one
 * partition knows of an object, another would decide without. So nothing more may be processed here.
 */
export class SourceGrowth {
  private readonly timer: NodeJS.Timeout
  private asking = false

  constructor(private readonly options: SourceGrowthOptions) {
    this.timer = setInterval(() => void this.look(), options.everyMs ?? EVERY).unref()
  }

  stop(): void {
    clearInterval(this.timer)
  }

  private async look(): Promise<void> {
    if (this.asking) return
    this.asking = true
    const { log, logger, topic, partitions, onGrown } = this.options
    try {
      const offsets = await log.offsets(topic)
      this.options.onOffsets?.(offsets)
      const found = offsets.length
      if (found <= partitions) return
      this.stop()
      onGrown(
        new StreamsError(
          'STREAMS_SOURCE_GROWN',
          `${topic} has ${found} partitions now, and ${partitions} when this was started. Stop all instances and move to new topics ` +
            `by quorate reshard --partitions ${found} --to <prefix> (docs/operations.md, "Another partition count")`,
        ),
      )
    } catch (error) {
      logger.debug({ err: error, topic }, 'could not look up the partitions of the source')
    } finally {
      this.asking = false
    }
  }
}
