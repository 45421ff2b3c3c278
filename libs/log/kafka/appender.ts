import { setTimeout as delay } from 'node:timers/promises'
import { LogError, type OutRecord, type Position } from '../src'
import type { Cluster } from './cluster'
import type { Connections } from './connections'
import { Batches, byPartition, type EncodedBatch, type PartitionRecords } from './outgoing'
import { produceRound, type Progress } from './produce-round'
import { check, CODE, codeOf, isRetriable, NoAnswer, toLogError, Unreachable } from './protocol-errors'
import { initProducerId, type ProducerIdentity } from './requests/init-producer-id'
import { produce } from './requests/produce'
import { retrying, type Patience } from './retry'
import type { Topics } from './topics'
import { sequenceAfter, stampBatch } from './wire/batch-encoder'

/** A broker remembers the last five batches of a producer and partition: so many may be sent again without doubling them. */
const WINDOW = 5
const MAX_PAUSE_MS = 500

/** One caller's records for one partition. */
interface Entry {
  readonly group: PartitionRecords
  readonly deadline: number
  readonly done: (baseOffsets: readonly number[]) => void
  readonly fail: (error: LogError) => void
}

/** A partition that is appended to: one round at a time, so that its order holds. */
interface Line {
  readonly topic: string
  readonly partition: number
  readonly waiting: Entry[]
  readonly memory: Batches
  identity: ProducerIdentity | undefined
  sequence: number
  busy: boolean
}

/** What a line is sending: records of one or several entries in batches, in order. */
interface Load {
  readonly line: Line
  readonly entries: readonly Entry[]
  readonly batches: EncodedBatch[]
  readonly offsets: number[]
  /** A request went out and was never answered: the broker may have appended it. */
  unanswered: boolean
}

/** Appends outside transactions: idempotent, in order per partition, gathering whatever waits while a round is under way. */
export class Appender {
  private readonly lines = new Map<string, Line>()
  private readonly closing = new AbortController()

  constructor(
    private readonly cluster: Cluster,
    private readonly connections: Connections,
    private readonly topics: Topics,
    private readonly patience: Patience,
  ) {}

  async append(records: readonly OutRecord[]): Promise<Position[]> {
    const positions = new Array<Position>(records.length)
    const written = byPartition(records).map(async (group) => {
      const { topic, partition } = group
      const offsets = await this.enqueue(group)
      group.places.forEach((place, i) => (positions[place] = { topic, partition, offset: offsets[i]! }))
    })
    const failed = (await Promise.allSettled(written)).find((result) => result.status === 'rejected')
    if (failed) throw failed.reason
    return positions
  }

  async close(): Promise<void> {
    this.closing.abort()
    for (const { waiting } of this.lines.values())
      for (const entry of waiting.splice(0)) entry.fail(new LogError('LOG_CLOSED', 'nothing was appended'))
    await this.connections.close()
  }

  private enqueue(group: PartitionRecords): Promise<readonly number[]> {
    return new Promise((done, fail) => {
      if (this.closing.signal.aborted) return fail(new LogError('LOG_CLOSED', 'nothing was appended'))
      const line = this.line(group)
      line.waiting.push({ group, deadline: performance.now() + this.patience.timeoutMs, done, fail })
      if (!line.busy) void this.drain(line)
    })
  }

  private line({ topic, partition }: PartitionRecords): Line {
    const name = `${topic}/${partition}`
    let line = this.lines.get(name)
    if (!line) {
      line = { topic, partition, waiting: [], memory: new Batches(), identity: undefined, sequence: 0, busy: false }
      this.lines.set(name, line)
    }
    return line
  }

  /** Sends what waits in a line until nothing does. */
  private async drain(line: Line): Promise<void> {
    line.busy = true
    await Promise.resolve() // appends of the same turn go together
    while (line.waiting.length > 0) {
      const entries = line.waiting.splice(0)
      try {
        await this.send(entries, line)
      } catch (error) {
        const failure = toLogError(error, `appending to ${line.topic}-${line.partition}`)
        entries.forEach((entry) => entry.fail(failure))
      }
    }
    line.busy = false
  }

  private async send(entries: readonly Entry[], line: Line): Promise<void> {
    const load = await this.encode(entries, line)
    const deadline = Math.min(...entries.map((entry) => entry.deadline))
    for (let pause = 10; load.batches.length > 0; pause = Math.min(2 * pause, MAX_PAUSE_MS)) {
      const failure = await this.round(load).catch((error: unknown) => error)
      if (failure === undefined) pause = 5
      else {
        this.settleFailure(load, failure, performance.now() + pause > deadline)
        await delay(pause, undefined, { signal: this.closing.signal }).catch(() => {})
      }
    }
    let first = 0
    for (const { group, done } of load.entries) done(load.offsets.slice(first, (first += group.records.length)))
  }

  private async encode(entries: readonly Entry[], line: Line): Promise<Load> {
    const { topic, partition } = line
    const what = `asking for the settings of ${topic}`
    const maxBytes = await retrying(what, { ...this.patience, signal: this.closing.signal }, () =>
      this.topics.maxBatchBytes(topic),
    )
    const records = entries.length === 1 ? entries[0]!.group.records : entries.flatMap(({ group }) => group.records)
    line.memory.reset()
    const batches = line.memory.encode({ topic, partition, records }, maxBytes, Date.now())
    return { line, entries, batches, offsets: [], unanswered: false }
  }

  /** One window of batches to the present leader. Answers what went wrong, or undefined. */
  private async round(load: Load): Promise<unknown> {
    const { line, batches, offsets } = load
    const { topic, partition } = line
    const leader = await this.cluster.leaderOf(topic, partition)
    if (!line.identity) {
      line.identity = await this.newIdentity()
      line.sequence = 0
    }
    const window = batches.slice(0, WINDOW)
    let sequence = line.sequence
    for (const { bytes, count } of window) {
      stampBatch(bytes, { ...line.identity, transactional: false }, sequence)
      sequence = sequenceAfter(sequence, count)
    }
    const timeoutMs = this.patience.timeoutMs
    const [progress] = (await produceRound([{ topic, partition, batches: window.map(({ bytes }) => bytes) }], (parts) =>
      this.connections.send(leader, produce(parts, null, timeoutMs)),
    )) as [Progress]
    for (const base of progress.offsets) {
      const { count } = batches.shift()!
      line.sequence = sequenceAfter(line.sequence, count)
      for (let i = 0; i < count; i++) offsets.push(base + i)
    }
    return progress.failure
  }

  /** Makes the next round worth a try, or throws. */
  private settleFailure(load: Load, failure: unknown, late: boolean): void {
    const { line } = load
    if (failure instanceof NoAnswer && !(failure instanceof Unreachable)) load.unanswered = true
    this.cluster.forgetTopic(line.topic)
    const code = codeOf(failure)
    const lostTrack = code !== undefined && LOST_TRACK.has(code)
    if (this.closing.signal.aborted || late || (lostTrack && load.unanswered) || !(lostTrack || isRetriable(failure))) {
      line.identity = undefined // whatever gap this leaves in the sequence, the next append starts a new one
      if (code === CODE.MESSAGE_TOO_LARGE) this.topics.forgetMaxBatchBytes(line.topic)
      const what = `appending to ${line.topic}-${line.partition}`
      if (load.unanswered)
        throw new LogError('LOG_OUTCOME_UNKNOWN', `${what}: records may have been appended without an answer`, {
          cause: failure,
        })
      throw toLogError(failure, what)
    }
    // The broker no longer knows our numbers (it forgets idle producers); nothing is in doubt, so begin again under a new id.
    if (lostTrack) line.identity = undefined
  }

  private async newIdentity(): Promise<ProducerIdentity> {
    const { errorCode, producerId, epoch } = await this.cluster.ask(initProducerId(null, 0x7fffffff))
    check(errorCode, 'InitProducerId')
    return { producerId, epoch }
  }
}

const LOST_TRACK: ReadonlySet<number> = new Set([
  CODE.OUT_OF_ORDER_SEQUENCE_NUMBER,
  CODE.UNKNOWN_PRODUCER_ID,
  CODE.INVALID_PRODUCER_EPOCH,
])
