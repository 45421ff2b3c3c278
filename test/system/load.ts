import { setTimeout as delay } from 'node:timers/promises'
import { type Log, LogError, type OutRecord, partitionOf } from '@quorate/log'
import type { Draw } from './random'
import { until } from './until'

export interface LoadOptions {
  readonly log: Log
  readonly topic: string
  readonly partitions: number
  readonly random: Draw
  /** Records per second. */
  readonly rate: number
}

const OBJECTS = 1_000
/** Agents of most objects, and of crowded kept objects: four pages of the store. */
const AGENTS = 5
const MOST_AGENTS = 120
/** One in this many kept objects is crowded; one in this many reports goes to such an object. */
const CROWDED_EVERY = 50
const CROWDED_REPORTS = 4
const TICK_MS = 50
/** ms that a suite may take all brokers away. */
const LONGEST_OUTAGE = 900_000

/** Objects under `kept/` are never deleted, and their reports do not expire: reads must always find them. */
export const keptObject = (i: number): string => `kept/${i}`
export const KEPT_OBJECTS = OBJECTS
/** Agents that report on an object. */
const agentsOf = (object: string): number =>
  object.startsWith('kept/') && Number(object.slice('kept/'.length)) % CROWDED_EVERY === 0 ? MOST_AGENTS : AGENTS
/** The policies of the load. Objects under `brief/` come and go by deadlines alone. */
export const LOAD_POLICIES = {
  kept: { match: 'kept/**', ttl: 86_400, memory: 86_400 },
  own: { match: 'own/**', ttl: 86_400, memory: 86_400 },
  brief: { match: 'brief/**', ttl: 3, memory: 6, unknownAfter: 2 },
} as const

/**
 * Reports and commands as agents and operators write them directly to the source: mostly agreeing votes, some dissent,
 * agents that leave, overrides that expire, deletions, keys in the wrong partition and unreadable records.
 */
export class Load {
  sent = 0
  #seq = 0
  #stopping = false
  #running: Promise<void> | undefined

  readonly #options: LoadOptions

  constructor(options: LoadOptions) {
    this.#options = options
  }

  /** One report for each kept object, and one of every agent for crowded ones. */
  async seed(): Promise<void> {
    const objects = Array.from({ length: OBJECTS }, (_, i) => keptObject(i))
    const crowded = objects.filter((object) => agentsOf(object) > AGENTS)
    const agents = Array.from({ length: MOST_AGENTS - 1 }, (_, i) => `agent-${i + 1}`)
    const records = [
      ...objects.map((object) => this.#report(object, 'agent-0', 'up')),
      ...crowded.flatMap((object) => agents.map((agent) => this.#report(object, agent, this.#state()))),
    ]
    await this.#options.log.append(records)
    this.sent += records.length
  }

  start(): void {
    this.#running = this.#run()
  }

  async stop(): Promise<void> {
    this.#stopping = true
    await this.#running
  }

  async #run(): Promise<void> {
    const { rate } = this.#options
    const begun = performance.now()
    const before = this.sent
    while (!this.#stopping) {
      await delay(TICK_MS)
      const due = before + Math.floor(((performance.now() - begun) * rate) / 1000) - this.sent
      if (due <= 0) continue
      const records = Array.from({ length: Math.min(due, rate) }, () => this.#next())
      await this.#append(records)
      this.sent += records.length
    }
  }

  /**
   * Retries while brokers are away, like an agent. A duplicate in the source is a report that counts again, for the
   * oracle too.
   */
  #append(records: readonly OutRecord[]): Promise<unknown> {
    const { log } = this.#options
    return until(
      'the load is appended',
      () =>
        log.append(records).catch((error: unknown) => {
          if (LogError.is(error) && (error.action === 'retry' || error.action === 'refence')) return undefined
          throw error
        }),
      LONGEST_OUTAGE,
    )
  }

  #next(): OutRecord {
    const { random } = this.#options
    const lot = random(1_000)
    const object = lot < 800 ? this.#kept() : `brief/${random(200)}`
    const agent = `agent-${random(agentsOf(object))}`
    if (lot < 2) return { ...this.#report(object, agent, 'up'), value: 'nobody can read this' }
    if (lot < 7) return this.#misplaced(object, agent)
    // agent-0 stays, so that kept objects are not forgotten.
    if (lot < 12) return this.#command(object, 'leave', { agent: `agent-${1 + random(agentsOf(object) - 1)}` })
    if (lot < 20) return this.#command(object, 'override-set', this.#override())
    if (lot < 24) return this.#command(object, 'override-cleared', {})
    if (lot >= 997) return this.#command(object, 'object-deleted', {})
    return this.#report(object, agent, this.#state())
  }

  #kept(): string {
    const { random } = this.#options
    const crowded = random(CROWDED_REPORTS) === 0
    return keptObject(crowded ? random(OBJECTS / CROWDED_EVERY) * CROWDED_EVERY : random(OBJECTS))
  }

  #state(): string {
    const { random } = this.#options
    return random(100) < 70 ? 'up' : random(2) === 0 ? 'down' : 'degraded'
  }

  #report(object: string, agent: string, state: string): OutRecord {
    return this.#record(object, { agent, state, seq: this.#seq++ })
  }

  /** Like a client with another partitioner: the service appends it again to the right partition. */
  #misplaced(object: string, agent: string): OutRecord {
    const { partition, ...rest } = this.#report(object, agent, this.#state())
    return { ...rest, partition: (partition + 1) % this.#options.partitions }
  }

  #command(object: string, type: string, data: object): OutRecord {
    return { ...this.#record(object, data), headers: [['ce_type', type]] }
  }

  #override(): object {
    return {
      state: 'down',
      reason: 'by lot',
      author: 'load',
      expiresAt: Date.now() + 1_000 + this.#options.random(3_000),
    }
  }

  #record(object: string, data: object): OutRecord {
    const { topic, partitions } = this.#options
    return { topic, partition: partitionOf(object, partitions), key: object, value: JSON.stringify(data) }
  }
}
