import type { Log, Logger, TopicSpec } from '@quorate/log'
import type { Conditions } from '../conditions'

/** ms between two looks. */
const EVERY = 180_000

export interface TopicWatchOptions {
  readonly log: Log
  readonly logger: Logger
  readonly conditions: Conditions
  readonly topics: readonly TopicSpec[]
  readonly replication: number | undefined
  readonly everyMs: number | undefined
}

/**
 * Verifies the topics again while the program runs, as at its start: a timestamp type or a clean-up policy that
 * somebody changes loses or falsifies what is written from then on.
 */
export class TopicWatch {
  private readonly timer: NodeJS.Timeout
  private asking = false

  constructor(private readonly options: TopicWatchOptions) {
    this.timer = setInterval(() => void this.look(), options.everyMs ?? EVERY).unref()
  }

  stop(): void {
    clearInterval(this.timer)
  }

  private async look(): Promise<void> {
    if (this.asking) return
    this.asking = true
    const { log, logger, conditions, topics, replication } = this.options
    const code = 'LOG_TOPIC_MISMATCH'
    try {
      for (const spec of topics) {
        const wrong = await log.mismatches(spec, replication === undefined ? {} : { replication })
        const id = { code, subject: spec.name }
        if (wrong.length === 0) conditions.clear(id)
        else
          conditions.raise({
            ...id,
            reason: `a topic is not as it must be any more: ${wrong.join('; ')}`,
            blocks: ['ready'],
          })
      }
    } catch (error) {
      logger.debug({ err: error }, 'could not verify the topics')
    } finally {
      this.asking = false
    }
  }
}
