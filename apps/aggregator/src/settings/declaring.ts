import { encodeSource, type SourceCommand } from '@quorate/contracts'
import type { Log, Logger } from '@quorate/log'
import type { RunningTask, Streams } from '@quorate/streams'
import { lastOf } from '../queries/positions'
import type { Reading } from '../queries/reading'
import { type Declared, isSamePolicy } from './declared'
import { DeclaredRows } from './declared-rows'

export interface DeclaringOptions {
  readonly declared: Declared
  readonly streams: Streams
  readonly reading: Reading
  readonly log: Log
  /** The source topic. */
  readonly source: string
  /** The topic of settings beside the source. */
  readonly settings: string
  readonly logger: Logger
}

/** Broadcasts are written by the owner of this partition. */
const BROADCASTER = 0
/** ms to come up to what others wrote before. */
const CATCH_UP_TIMEOUT_MS = 600_000

/**
 * Puts in force what `quorate.yaml` declares, whenever partition 0 has come here: an entry that differs from what is in
 * force becomes one broadcast, one that does not becomes nothing. What was taken out of the file since goes, unless it
 * was set by REST in the meantime; all else that the file does not name stays as it is.
 */
export class Declaring {
  #done: RunningTask | undefined
  #work: Promise<void> = Promise.resolve()

  constructor(private readonly options: DeclaringOptions) {}

  /** Resolves once what was begun is done, or has failed. */
  get idle(): Promise<void> {
    return this.#work
  }

  /** Called at every change of assignments and states. */
  readonly look = (): void => {
    const { streams, declared, logger } = this.options
    if (!declared.isRead) return
    const task = streams.task(BROADCASTER)
    if (task?.state !== 'running' || task === this.#done) return
    this.#done = task
    this.#work = this.#declare(task).catch((error: unknown) => {
      if (this.#done === task) this.#done = undefined
      // A task that closed goes elsewhere, and what is declared is put in force there; anything else is tried again at
      // the next change.
      logger.warn({ err: error }, 'what quorate.yaml declares could not be put in force yet; it will be tried again')
    })
  }

  async #declare(task: RunningTask): Promise<void> {
    const { declared, reading, log, source, logger } = this.options
    const ends = await log.offsets(source)
    const end = ends.find(({ partition }) => partition === task.partition)?.end ?? 0
    // Otherwise what was declared before a restart, and is not applied yet, would be declared again.
    if (end > 0) await task.reached(end - 1, CATCH_UP_TIMEOUT_MS)
    for (const [agent, { weight, muted }] of declared.agents) {
      const now = reading.agent(task, agent)
      if (now === undefined ? weight === 1 && !muted : now.weight === weight && now.muted === muted) continue
      await this.#broadcast(task, { type: 'agent-set', data: { agent, weight, muted } })
      logger.info({ agent, weight, muted }, "an agent's settings of quorate.yaml were put in force")
    }
    for (const { input, policy } of declared.policies) {
      const now = reading.policies(task).find(({ name }) => name === policy.name)
      if (now !== undefined && isSamePolicy(now, policy)) continue
      const offset = await this.#broadcast(task, { type: 'policy-set', data: input })
      const outcome = reading.outcome(task.partition, offset)
      const refused = typeof outcome === 'object' ? outcome.reject : undefined
      if (refused === undefined) logger.info({ policy: policy.name }, 'a policy of quorate.yaml was put in force')
      else
        logger.error({ policy: policy.name, refused }, 'a policy of quorate.yaml was refused by the settings in force')
    }
    const rows = await DeclaredRows.open(log, this.options.settings)
    try {
      await this.#withdraw(task, rows)
      await rows.note(declared)
    } finally {
      await rows.close()
    }
  }

  /** What the file declared, and no longer does: only as far as it is in force as the file had it. */
  async #withdraw(task: RunningTask, rows: DeclaredRows): Promise<void> {
    const { declared, reading, logger } = this.options
    for (const [policy, before] of rows.policiesWithout(declared)) {
      const now = reading.policies(task).find(({ name }) => name === policy)
      if (now === undefined || !isSamePolicy(now, before)) continue
      await this.#broadcast(task, { type: 'policy-deleted', data: { name: policy } })
      logger.info({ policy }, 'a policy that was taken out of quorate.yaml was deleted')
    }
    for (const [agent, before] of rows.agentsWithout(declared)) {
      const now = reading.agent(task, agent)
      if (now?.weight !== before.weight || now.muted !== before.muted) continue
      if (before.weight === 1 && !before.muted) continue
      await this.#broadcast(task, { type: 'agent-set', data: { agent, weight: 1, muted: false } })
      logger.info({ agent }, 'an agent that was taken out of quorate.yaml weighs 1 again')
    }
  }

  /** Resolves once it is applied here. */
  async #broadcast(task: RunningTask, command: SourceCommand): Promise<number> {
    const { value, headers } = encodeSource(command)
    const positions = await this.options.streams.broadcast({ key: null, value, headers })
    const offset = lastOf(positions).get(task.partition)!
    await task.reached(offset, CATCH_UP_TIMEOUT_MS)
    return offset
  }
}
