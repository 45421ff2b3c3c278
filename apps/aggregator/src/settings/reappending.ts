import { encodeSource, type SourceCommand } from '@quorate/contracts'
import type { Log, Logger } from '@quorate/log'
import type { RunningTask, Streams } from '@quorate/streams'
import type { Reading } from '../queries/reading'
import { REAPPENDED_AT, TABLE } from '@quorate/engine/core'

export interface ReappendingOptions {
  readonly streams: Streams
  readonly reading: Reading
  readonly log: Log
  /** The source topic. */
  readonly source: string
  readonly logger: Logger
  readonly now?: () => number
}

/** ms between two looks. */
const CHECK_EVERY_MS = 600_000

/** The newest copies of the settings: not older than `time` (ms), not before `offset`. */
interface Note {
  readonly time: number
  readonly offset: number
}

/**
 * Appends the policies and agents' settings of each partition owned here again to it, before they leave the source's
 * retention: a reader of the source alone still finds them. Each record says which place of the log it repeats, since
 * a newer change may lie between that place and the record; it changes nothing that a reader knows already. In one
 * transaction with the note of when and where it was done.
 *
 * Due at half of `retention.ms`; and, since a topic may also be bounded by bytes, once the source loses its beginning
 * and half of what it holds is newer than the settings. What is bounded by bytes says nothing of when it will lose
 * them: where they are gone already, they come back at the next look, marked as in force before.
 */
export class Reappending {
  #timer: NodeJS.Timeout | undefined
  #looking: Promise<void> | undefined

  constructor(private readonly options: ReappendingOptions) {}

  start(): void {
    this.#timer = setInterval(() => void this.look(), CHECK_EVERY_MS)
    this.#timer.unref()
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.#looking
  }

  /** One look at all partitions that run here. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => (this.#looking = undefined))
    return this.#looking
  }

  async #look(): Promise<void> {
    const { streams, log, source, logger } = this.options
    try {
      const retentionMs = (await log.describeTopic(source))?.retentionMs ?? -1
      const retention = retentionMs > 0 ? retentionMs : Infinity
      for (const task of streams.tasks()) if (task.state === 'running') await this.#lookAt(task, retention)
    } catch (error) {
      logger.warn({ err: error }, 'policies and agents could not be appended again; they will be at the next look')
    }
  }

  async #lookAt(task: RunningTask, retention: number): Promise<void> {
    const { reading, now = Date.now, logger } = this.options
    if (reading.agents(task).length === 0 && reading.policies(task).length === 0) return
    const { log, source } = this.options
    const held = (await log.offsets(source)).find(({ partition }) => partition === task.partition) ?? {
      start: 0,
      end: 0,
    }
    const note = this.#noted(task) ?? { time: await this.#oldest(task.partition, held), offset: 0 }
    const time = now()
    const isNewer = held.start > 0 && note.offset < (held.start + held.end) / 2
    if (!isNewer && time - note.time < retention / 2) return
    // Read together with the settings: all of the log before it is in them.
    const reappended = task.position
    const agents = reading.agents(task)
    const policies = reading.policies(task)
    const commands: SourceCommand[] = [
      ...agents.map((data) => ({ type: 'agent-set', data, reappended }) as const),
      ...policies.map((data) => ({ type: 'policy-set', data, reappended }) as const),
    ]
    await task.submit((context) => {
      for (const command of commands) {
        const { value, headers } = encodeSource(command)
        context.forward('reports', { key: null, value, headers, partition: context.partition })
      }
      context.table(TABLE.settings).put(REAPPENDED_AT, Buffer.from(JSON.stringify({ time, offset: held.end })))
    })
    logger.info(
      { partition: task.partition, policies: policies.length, agents: agents.length },
      'policies and agents were appended again, before they leave the retention of the source',
    )
  }

  #noted(task: RunningTask): Note | undefined {
    const value = task.table(TABLE.settings).get(REAPPENDED_AT)
    if (value === undefined) return undefined
    const note = JSON.parse(value.toString('utf8')) as Note | number
    // Once it was the time alone.
    return typeof note === 'number' ? { time: note, offset: 0 } : note
  }

  /** The time of the oldest record that is still there: no setting's record of which one knows is older. */
  async #oldest(partition: number, { start, end }: { start: number; end: number }): Promise<number> {
    const { log, source } = this.options
    if (start >= end) return 0
    const reader = log.reader({ topic: source, partition, from: start, maxBytes: 1 })
    try {
      return (await reader.next()).records[0]?.timestamp ?? Infinity
    } finally {
      reader.close()
    }
  }
}
