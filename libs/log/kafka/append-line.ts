import { setTimeout as delay } from 'node:timers/promises'
import { LogError } from '../src'
import { AppendEntry } from './append-entry'
import type { Cluster } from './cluster'
import type { Connections } from './connections'
import { Batches, type EncodedBatch, type PartitionRecords } from './outgoing'
import { produceRound, type Progress } from './produce-round'
import { check, CODE, codeOf, isRetriable, NoAnswer, toLogError, Unreachable } from './protocol-errors'
import { initProducerId, type ProducerIdentity } from './requests/init-producer-id'
import { produce } from './requests/produce'
import { retrying } from './retry'
import type { Topics } from './topics'
import { sequenceAfter, stampBatch } from './wire/batch-encoder'

/**
 * A broker remembers the last five batches of a producer and partition: so many may be sent again without doubling
 * them.
 */
const WINDOW = 5
const MAX_PAUSE_MS = 500
/**
 * ms that an append waits for a partition which could not be appended to just now: what comes in meanwhile must not
 * pile up.
 */
const WAIT_FOR_THE_LOST = 1_000

export interface AppendContext {
  readonly cluster: Cluster
  readonly connections: Connections
  readonly topics: Topics
  /** ms after which an append that has not been settled is: nothing was appended, or nobody knows. */
  readonly timeoutMs: number
  readonly closing: AbortSignal
}

/** What is being sent: records of one or several entries in batches, in order. */
interface Load {
  entries: readonly AppendEntry[]
  batches: EncodedBatch[]
  readonly offsets: number[]
  /** A request is out. */
  inFlight: boolean
  /** A request came to an end that leaves open whether the broker appended it. */
  inDoubt: boolean
}

/**
 * A partition that is appended to: one round at a time, so that its order holds; whatever waits meanwhile goes
 * together.
 */
export class AppendLine {
  private waiting: AppendEntry[] = []
  private load: Load | undefined
  private readonly memory = new Batches()
  private identity: ProducerIdentity | undefined
  private sequence = 0
  private busy = false
  /** Why the last round came to nothing. */
  private failure: unknown
  /** Something was given up, and nothing has been appended since. */
  private isLost = false

  constructor(
    private readonly topic: string,
    private readonly partition: number,
    private readonly context: AppendContext,
  ) {}

  /** Base offsets of the records, once all in-sync replicas have them. */
  append(group: PartitionRecords): Promise<readonly number[]> {
    const { closing, timeoutMs, cluster } = this.context
    return new Promise((done, fail) => {
      if (closing.aborted) return fail(new LogError('LOG_CLOSED', 'nothing was appended'))
      const isLost = this.isLost || cluster.awayFor > timeoutMs / 2
      const patience = isLost ? Math.min(timeoutMs, WAIT_FOR_THE_LOST) : timeoutMs
      this.waiting.push(new AppendEntry(group, patience, { done, fail }, (entry) => this.late(entry)))
      if (!this.busy) void this.drain()
    })
  }

  /** What is in flight ends with its connections. */
  close(): void {
    const { load, waiting } = this
    const unsent = load && !load.inFlight && !isTouched(load) ? load.entries : []
    for (const entry of [...unsent, ...waiting.splice(0)])
      entry.fail(new LogError('LOG_CLOSED', 'nothing was appended'))
  }

  private get what(): string {
    return `appending to ${this.topic}-${this.partition}`
  }

  /** Nothing has settled it in time. What was not sent yet never will be. */
  private late(entry: AppendEntry): void {
    this.waiting = this.waiting.filter((it) => it !== entry)
    const { load } = this
    const isSent = load?.entries.includes(entry) && (load.inFlight || isTouched(load))
    const appended = load && appendedOf(load).find(({ entry: it }) => it === entry)?.offsets
    if (appended) entry.done(appended)
    else if (isSent) entry.fail(this.unknown(this.failure))
    else entry.fail(new LogError('LOG_UNAVAILABLE', `${this.what}: ${said(this.failure)}`, { cause: this.failure }))
    this.isLost = true
  }

  /** Sends what waits until nothing does. */
  private async drain(): Promise<void> {
    this.busy = true
    await Promise.resolve() // appends of the same turn go together
    while (this.waiting.length > 0) await this.send(this.waiting.splice(0))
    this.busy = false
  }

  private async send(entries: readonly AppendEntry[]): Promise<void> {
    const load: Load = { entries, batches: [], offsets: [], inFlight: false, inDoubt: false }
    this.load = load
    try {
      await this.encode(load)
      for (let pause = 10; load.batches.length > 0; pause = Math.min(2 * pause, MAX_PAUSE_MS)) {
        const failure = await this.round(load).catch((error: unknown) => error)
        if (failure === undefined) pause = 5
        else {
          this.judge(load, failure)
          if (load.entries.every(({ settled }) => settled)) break
          await delay(pause, undefined, { signal: this.context.closing }).catch(() => {})
        }
      }
      // Given up: whatever gap that leaves in the sequence, the next append starts a new one.
      if (load.batches.length > 0) this.identity = undefined
      else this.conclude(load, undefined)
    } catch (error) {
      // One that is too large must not take the others with it.
      if (LogError.is(error, 'LOG_RECORD_TOO_LARGE') && load.entries.length > 1 && !isTouched(load))
        for (const entry of load.entries) await this.send([entry])
      else this.conclude(load, toLogError(error, this.what))
    } finally {
      this.load = undefined
    }
  }

  private async encode(load: Load): Promise<void> {
    const { topic, partition } = this
    const { closing, timeoutMs, topics } = this.context
    const what = `asking for the settings of ${topic}`
    const maxBytes = await retrying(what, { timeoutMs, signal: closing }, () => topics.maxBatchBytes(topic))
    load.entries = load.entries.filter(({ settled }) => !settled)
    const [{ group } = { group: { records: [] } }, ...more] = load.entries
    const records = more.length === 0 ? group.records : load.entries.flatMap((entry) => entry.group.records)
    this.memory.reset()
    load.batches = this.memory.encode({ topic, partition, records }, maxBytes, Date.now())
  }

  /** One window of batches to the present leader. Returns what went wrong, or undefined. */
  private async round(load: Load): Promise<unknown> {
    const { topic, partition } = this
    const { cluster, connections, timeoutMs } = this.context
    const leader = await cluster.leaderOf(topic, partition)
    if (!this.identity) {
      this.identity = await this.newIdentity()
      this.sequence = 0
    }
    // Those that were told "nothing was appended" stay out of it.
    if (!isTouched(load) && load.entries.some(({ settled }) => settled)) await this.encode(load)
    const window = load.batches.slice(0, WINDOW)
    if (window.length === 0) return undefined
    let { sequence } = this
    for (const { bytes, count } of window) {
      stampBatch(bytes, { ...this.identity, transactional: false }, sequence)
      sequence = sequenceAfter(sequence, count)
    }
    load.inFlight = true
    const [progress] = (await produceRound([{ topic, partition, batches: window.map(({ bytes }) => bytes) }], (parts) =>
      connections.send(leader, produce(parts, null, timeoutMs)),
    ).finally(() => (load.inFlight = false))) as [Progress]
    for (const base of progress.offsets) {
      const { count } = load.batches.shift()!
      this.sequence = sequenceAfter(this.sequence, count)
      for (let i = 0; i < count; i++) load.offsets.push(base + i)
    }
    if (progress.offsets.length > 0) this.isLost = false
    return progress.failure
  }

  /** Makes the next round worth a try, or throws. */
  private judge(load: Load, failure: unknown): void {
    this.failure = failure
    if (leavesDoubt(failure)) load.inDoubt = true
    this.context.cluster.forgetTopic(this.topic)
    const code = codeOf(failure)
    const lostTrack = code !== undefined && LOST_TRACK.has(code)
    if (this.context.closing.aborted || (lostTrack && load.inDoubt) || !(lostTrack || isRetriable(failure))) {
      this.identity = undefined
      if (code === CODE.MESSAGE_TOO_LARGE) this.context.topics.forgetMaxBatchBytes(this.topic)
      throw failure
    }
    // The broker no longer knows our numbers (it forgets idle producers); nothing is in doubt, so begin again under a
    // new id.
    if (lostTrack) this.identity = undefined
  }

  /** Tells each what became of its own records. */
  private conclude(load: Load, failure: LogError | undefined): void {
    for (const { entry, offsets, isPartly } of appendedOf(load))
      if (offsets) entry.done(offsets)
      else entry.fail(load.inDoubt || isPartly ? this.unknown(failure) : failure!)
  }

  private unknown(cause: unknown): LogError {
    return new LogError('LOG_OUTCOME_UNKNOWN', `${this.what}: records may have been appended without an answer`, {
      cause,
    })
  }

  private async newIdentity(): Promise<ProducerIdentity> {
    const { errorCode, producerId, epoch } = await this.context.cluster.ask(initProducerId(null, 0x7fffffff))
    check(errorCode, 'InitProducerId')
    return { producerId, epoch }
  }
}

/** The offsets of each entry that is in the log as a whole, and whether one is in part. */
function appendedOf({ entries, offsets: all }: Load) {
  let end = 0
  return entries.map((entry) => {
    const first = end
    end += entry.count
    return { entry, offsets: end <= all.length ? all.slice(first, end) : undefined, isPartly: first < all.length }
  })
}

/** Whether some of it may be in the log. */
const isTouched = ({ offsets, inDoubt }: Load): boolean => inDoubt || offsets.length > 0

/**
 * Whether the broker may have appended what it did not acknowledge: the leader has it when only its replicas are late.
 */
function leavesDoubt(failure: unknown): boolean {
  if (failure instanceof NoAnswer) return !(failure instanceof Unreachable)
  const code = codeOf(failure)
  return code === CODE.REQUEST_TIMED_OUT || code === CODE.NOT_ENOUGH_REPLICAS_AFTER_APPEND
}

const said = (failure: unknown): string =>
  failure instanceof Error ? `nothing was appended in time; ${failure.message}` : 'nothing was appended in time'

const LOST_TRACK: ReadonlySet<number> = new Set([
  CODE.OUT_OF_ORDER_SEQUENCE_NUMBER,
  CODE.UNKNOWN_PRODUCER_ID,
  CODE.INVALID_PRODUCER_EPOCH,
])
