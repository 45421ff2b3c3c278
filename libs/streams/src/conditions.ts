import type { Logger, Offset } from '@quorate/log'

/** `live`: a restart may help. `ready`: send no requests here. */
export type Blocked = 'live' | 'ready'

/** Something that is wrong and does not end by itself at once, or that an operator has to know. */
export interface NewCondition {
  /** A code of docs/errors.md. */
  readonly code: string
  readonly partition?: number | undefined
  /**
   * Tells it from others of the same code and partition: a topic, a policy. No object ids: health is shown to
   * everybody.
   */
  readonly subject?: string | undefined
  /** Source offset of the record that waits. */
  readonly position?: Offset | undefined
  /** One sentence for the operator. Shown without credentials, so it holds no object ids and nothing that was sent. */
  readonly reason: string
  /** More than `reason`, for the log and for operators alone. */
  readonly detail?: string | undefined
  readonly blocks: readonly Blocked[]
}

export interface Condition extends NewCondition {
  /** Wall time when it was raised, ms. */
  readonly since: number
}

export type ConditionId = Pick<NewCondition, 'code' | 'partition' | 'subject'>

/** Conditions of one partition, as its processor raises them. They are cleared when the task closes. */
export interface PartitionConditions {
  raise(condition: Omit<NewCondition, 'partition'>): void
  clear(code: string, subject?: string): void
}

interface Entry {
  condition: Condition
  /** It has been logged since it was raised. */
  told: boolean
  error: Error | undefined
  timer: NodeJS.Timeout | undefined
}

/**
 * When a condition was last logged, and how long until the next line; kept a while after it is cleared, so that one
 * that comes and goes does not fill the log.
 */
interface Pace {
  toldAt: number
  intervalMs: number
}

/** ms between the first two lines of one condition, doubled up to the longest. */
const FIRST_INTERVAL = 60_000
const LONGEST_INTERVAL = 3_600_000
/** Further ones of the same code are counted as one. */
const MOST = 1_000
const OTHERS = 'others'

const keyOf = ({ code, partition, subject }: ConditionId): string => JSON.stringify([code, partition ?? null, subject])

/**
 * What is wrong in this process, named until it is cleared: shown in `/livez?verbose`, `/readyz?verbose`, `/v1/cluster`
 * and the metric `quorate_condition`. The log has one line when it is raised, at growing intervals while it lasts, and
 * when it is cleared. Raising again what is raised only updates it: `since` stays.
 */
export class Conditions {
  private readonly entries = new Map<string, Entry>()
  private readonly paces = new Map<string, Pace>()
  private closed = false

  constructor(
    private readonly logger: Logger,
    private readonly now: () => number = Date.now,
    /** Told when one is raised, blocks something else, or is cleared. */
    private readonly onChange: () => void = () => undefined,
  ) {}

  /** Those of the process first, then by partition. */
  all(): readonly Condition[] {
    const place = ({ partition = -1 }: Condition): number => partition
    return [...this.entries.values()].map(({ condition }) => condition).sort((a, b) => place(a) - place(b))
  }

  has(id: ConditionId): boolean {
    return this.entries.has(keyOf(id))
  }

  blocks(what: Blocked, except: (condition: Condition) => boolean = () => false): boolean {
    for (const { condition } of this.entries.values())
      if (condition.blocks.includes(what) && !except(condition)) return true
    return false
  }

  /** `error` gives the first line its stack. */
  raise(condition: NewCondition, error?: Error): void {
    if (this.closed) return
    const key = keyOf(condition)
    const entry = this.entries.get(key)
    if (!entry) {
      if (condition.subject !== OTHERS && this.entries.size >= MOST)
        return this.raise({ ...condition, subject: OTHERS }, error)
      const raised: Entry = { condition: { ...condition, since: this.now() }, told: false, error, timer: undefined }
      this.entries.set(key, raised)
      this.tellInTime(key, raised)
      this.onChange()
      return
    }
    const before = entry.condition
    entry.condition = { ...condition, since: before.since }
    // What it blocks is news.
    if (condition.blocks.join() === before.blocks.join()) return
    if (entry.told) this.tell(key, entry)
    this.onChange()
  }

  clear(id: ConditionId): void {
    const key = keyOf(id)
    const entry = this.entries.get(key)
    if (!entry) return
    this.entries.delete(key)
    clearTimeout(entry.timer)
    if (entry.told && !this.closed) this.logger.info(this.fieldsOf(entry), 'no longer so')
    this.onChange()
  }

  /** All of a partition: it is not this process's any more. */
  clearPartition(partition: number): void {
    for (const { condition } of [...this.entries.values()]) if (condition.partition === partition) this.clear(condition)
  }

  of(partition: number): PartitionConditions {
    return {
      raise: (condition) => this.raise({ ...condition, partition }),
      clear: (code, subject) => this.clear({ code, partition, subject }),
    }
  }

  /** Logs nothing any more. */
  close(): void {
    this.closed = true
    for (const { timer } of this.entries.values()) clearTimeout(timer)
    this.entries.clear()
    this.paces.clear()
  }

  /** At once, or when the interval since its last line is over. */
  private tellInTime(key: string, entry: Entry): void {
    const pace = this.paces.get(key)
    const wait = pace === undefined ? 0 : pace.toldAt + pace.intervalMs - performance.now()
    if (wait <= 0) this.tell(key, entry)
    else entry.timer = setTimeout(() => this.tell(key, entry), wait).unref()
  }

  private tell(key: string, entry: Entry): void {
    const { condition, error, told } = entry
    const fields = { ...this.fieldsOf(entry), ...(error && !told ? { err: error } : {}) }
    this.logger[condition.blocks.length > 0 ? 'error' : 'warn'](fields, condition.reason)
    entry.told = true
    entry.error = undefined
    const pace = this.nextPace(key)
    clearTimeout(entry.timer)
    entry.timer = setTimeout(() => this.tell(key, entry), pace.intervalMs).unref()
  }

  private nextPace(key: string): Pace {
    const toldAt = performance.now()
    const before = this.paces.get(key)
    // Quiet for longer than the next interval would be: it begins again.
    const isOver = before === undefined || toldAt > before.toldAt + 2 * before.intervalMs
    const intervalMs = isOver ? FIRST_INTERVAL : Math.min(2 * before.intervalMs, LONGEST_INTERVAL)
    const pace = { toldAt, intervalMs }
    if (this.paces.size >= 2 * MOST)
      for (const old of this.paces.keys()) if (!this.entries.has(old)) this.paces.delete(old)
    this.paces.set(key, pace)
    return pace
  }

  private fieldsOf({ condition }: Entry): object {
    const { code, partition, subject, position, detail, blocks, since } = condition
    return {
      code,
      ...(partition === undefined ? {} : { partition }),
      ...(subject === undefined ? {} : { subject }),
      ...(position === undefined ? {} : { position }),
      ...(detail === undefined ? {} : { detail }),
      blocks,
      ageMs: Math.max(0, this.now() - since),
    }
  }
}
