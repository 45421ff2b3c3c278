import { setTimeout as delay } from 'node:timers/promises'
import { LogError, type Appended, type SourceOffset, type Transaction, type Transactor } from '../src'
import { Attempt, FIRST_PAUSE_MS, MAX_PAUSE_MS } from './attempt'
import type { Cluster } from './cluster'
import type { Connections } from './connections'
import { Batches, byPartition, type EncodedBatch } from './outgoing'
import { produceRound } from './produce-round'
import { BUSY, check, CODE, LEADER_MOVED, NoAnswer, ProtocolError, toLogError, Unreachable } from './protocol-errors'
import type { ProducerIdentity } from './requests/init-producer-id'
import { produce, produceInTransaction } from './requests/produce'
import { addOffsets, addPartitions, commitOffset, endTransaction, type TransactionHolder } from './requests/transaction'
import { retrying } from './retry'
import type { Topics } from './topics'
import { sequenceAfter, stampBatch } from './wire/batch-encoder'

/** What transactors share. */
export interface TransactionContext {
  readonly cluster: Cluster
  readonly topics: Topics
  readonly timeoutMs: number
  /** transaction.version 2 of Kafka 4: leaders add partitions by themselves, EndTxn answers a new epoch. */
  readonly version2: boolean
}

/** A transaction that failed is aborted in this time or left to the next holder. */
const ABORT_MS = 1000

interface Part {
  readonly topic: string
  readonly partition: number
  readonly count: number
  pending: EncodedBatch[]
  first: number
  last: number
}

/** Steps of a commit, in both generations of the protocol, are drawn in DESIGN.md. */
export class KafkaTransactor implements Transactor {
  private readonly memory = new Batches()
  /** Next sequence number of each partition in the present epoch. */
  private readonly sequences = new Map<string, number>()
  private failure: LogError | undefined
  private committing = false

  constructor(
    readonly id: string,
    private identity: ProducerIdentity,
    private readonly connections: Connections,
    private readonly context: TransactionContext,
  ) {}

  async commit(transaction: Transaction): Promise<Appended[]> {
    if (this.failure) throw this.failure
    if (this.committing) throw new Error(`two commits at once under ${this.id}: wait for the first`)
    this.committing = true
    try {
      return await this.steps(transaction)
    } catch (error) {
      this.failure = toLogError(error, `committing under ${this.id}`)
      throw this.failure
    } finally {
      this.committing = false
    }
  }

  async close(): Promise<void> {
    this.failure ??= new LogError('LOG_CLOSED', `the identity ${this.id} was given back`)
  }

  private async steps({ records, source }: Transaction): Promise<Appended[]> {
    // 1. encode: what cannot be written is refused before anything is sent
    const parts = await this.encode(records)
    if (parts.length === 0 && !source) {
      await this.proveHeld()
      return []
    }
    const attempt = this.attempt()
    // 2. (before transaction.version 2) tell the coordinator what the transaction covers
    if (!this.context.version2) await this.announce(parts, source, attempt)
    // 3. records and source offset, beside each other; both settle before either is judged, so that nothing straggles
    const results = await Promise.allSettled([
      attempt.step(this.append(parts, attempt)),
      source && attempt.step(this.commitSource(source, attempt)),
    ])
    const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []))
    if (failures.length > 0) {
      await this.abort()
      throw gravest(failures.map((failure) => toLogError(failure, `writing under ${this.id}; nothing was committed`)))
    }
    // 4. commit
    await this.end()
    return parts.map(({ topic, partition, first, last }) => ({ topic, partition, first, last }))
  }

  private async encode(records: Transaction['records']): Promise<Part[]> {
    this.memory.reset()
    const now = Date.now()
    const parts: Part[] = []
    for (const group of byPartition(records)) {
      const { topic, partition } = group
      const pending = this.memory.encode(group, await this.lookUp(topic, partition), now)
      parts.push({ topic, partition, count: group.records.length, pending, first: -1, last: -1 })
    }
    return parts
  }

  /** That there is such a partition, and how large its batches may be; both are mostly known already. */
  private lookUp(topic: string, partition: number): Promise<number> {
    const { cluster, topics, timeoutMs } = this.context
    return retrying(`looking up ${topic}-${partition}; nothing was sent`, { timeoutMs }, async () => {
      await cluster.leaderOf(topic, partition)
      return topics.maxBatchBytes(topic)
    })
  }

  private async announce(parts: readonly Part[], source: SourceOffset | undefined, attempt: Attempt): Promise<void> {
    if (parts.length > 0)
      await attempt.insist(this.coordinator, addPartitions(this.holder, parts), (codes) => {
        // One partition's reason makes the coordinator answer OPERATION_NOT_ATTEMPTED for the others.
        check(
          codes.find((code) => code !== CODE.NONE && code !== CODE.OPERATION_NOT_ATTEMPTED) ?? Math.max(...codes),
          'AddPartitionsToTxn',
        )
      })
    if (source)
      await attempt.insist(this.coordinator, addOffsets(this.holder, source.group), (code) =>
        check(code, 'AddOffsetsToTxn'),
      )
  }

  private async append(parts: readonly Part[], attempt: Attempt): Promise<void> {
    let left = [...parts]
    for (let pause = FIRST_PAUSE_MS; left.length > 0; pause = Math.min(2 * pause, MAX_PAUSE_MS)) {
      const failure = await this.appendOnce(left).catch((error: unknown) => error)
      left = left.filter(({ pending }) => pending.length > 0)
      if (left.length === 0) return
      const code = failure instanceof ProtocolError ? failure.code : undefined
      if (code === CODE.MESSAGE_TOO_LARGE) left.forEach(({ topic }) => this.context.topics.forgetMaxBatchBytes(topic))
      // An answer that never came ends the transaction: only what was never sent, or the broker's own word, allows
      // another try.
      const moved = failure instanceof NoAnswer || (code !== undefined && LEADER_MOVED.has(code))
      if (moved) left.forEach(({ topic }) => this.context.cluster.forgetTopic(topic))
      const again = failure instanceof Unreachable || (code !== undefined && (BUSY.has(code) || LEADER_MOVED.has(code)))
      if (!again || attempt.over) throw failure
      await delay(pause)
    }
  }

  /** Sends everything pending to its leaders. Returns the first failure; what was appended is no longer pending. */
  private async appendOnce(parts: readonly Part[]): Promise<unknown> {
    const leaders = new Map<number, Part[]>()
    for (const part of parts) {
      const leader = await this.context.cluster.leaderOf(part.topic, part.partition)
      const known = leaders.get(leader)
      if (known) known.push(part)
      else leaders.set(leader, [part])
    }
    const failures = await Promise.all([...leaders].map(([leader, led]) => this.appendTo(leader, led)))
    return failures.find((failure) => failure !== undefined)
  }

  private async appendTo(leader: number, parts: readonly Part[]): Promise<unknown> {
    const { version2, timeoutMs } = this.context
    const progress = await produceRound(
      parts.map((part) => ({ topic: part.topic, partition: part.partition, batches: this.stamped(part) })),
      (batches) =>
        this.connections.send(
          leader,
          version2 ? produceInTransaction(batches, this.id, timeoutMs) : produce(batches, this.id, timeoutMs),
        ),
    )
    progress.forEach(({ offsets }, i) => this.advance(parts[i]!, offsets))
    return progress.find(({ failure }) => failure !== undefined)?.failure
  }

  private stamped(part: Part): Buffer[] {
    let sequence = this.sequences.get(nameOf(part)) ?? 0
    return part.pending.map(({ bytes, count }) => {
      stampBatch(bytes, { ...this.identity, transactional: true }, sequence)
      sequence = sequenceAfter(sequence, count)
      return bytes
    })
  }

  private advance(part: Part, offsets: readonly number[]): void {
    const done = part.pending.splice(0, offsets.length)
    done.forEach(({ count }, i) => {
      if (part.first < 0) part.first = offsets[i]!
      part.last = offsets[i]! + count - 1
      this.sequences.set(nameOf(part), sequenceAfter(this.sequences.get(nameOf(part)) ?? 0, count))
    })
  }

  private async commitSource(source: SourceOffset, attempt: Attempt): Promise<void> {
    const request = commitOffset(this.holder, source, this.context.version2 ? 5 : 3)
    await attempt.insist(['group', source.group], request, (code) =>
      check(code, `TxnOffsetCommit of ${source.topic}-${source.partition}`),
    )
  }

  /** An empty commit writes nothing, but a fenced holder must still learn that it is. */
  private async proveHeld(): Promise<void> {
    const attempt = this.attempt()
    const request = endTransaction(this.holder, true, this.version)
    const ended = await attempt.insist(this.coordinator, request, ({ errorCode }) => {
      if (errorCode !== CODE.INVALID_TXN_STATE) check(errorCode, 'EndTxn') // there is nothing to end: it is ours
    })
    if (ended.errorCode === CODE.NONE) this.renew(ended)
  }

  /**
   * Lets readers of what was written go on at once; without this they would stand before the open transaction until the
   * id is fenced or the transaction times out. Best effort: those two still follow if it fails.
   */
  private async abort(): Promise<void> {
    const request = endTransaction(this.holder, false, this.version)
    const aborted = this.attempt(ABORT_MS).insist(this.coordinator, request, ({ errorCode }) =>
      check(errorCode, 'EndTxn'),
    )
    await Promise.race([aborted.catch(() => {}), delay(ABORT_MS)])
  }

  /**
   * The point of no return. Asking again is safe: a coordinator that has already committed says so, or that another
   * holds the id.
   */
  private async end(): Promise<void> {
    const attempt = this.attempt()
    const request = endTransaction(this.holder, true, this.version)
    try {
      const ended = await attempt.insist(this.coordinator, request, ({ errorCode }) => check(errorCode, 'EndTxn'), true)
      this.renew(ended)
    } catch (error) {
      // Whether it had been committed before the identity was forgotten, nobody knows.
      const isForgotten = error instanceof ProtocolError && error.code === CODE.INVALID_PRODUCER_ID_MAPPING
      if (isForgotten) throw new LogError('LOG_OUTCOME_UNKNOWN', `committing under ${this.id}`, { cause: error })
      throw toLogError(error, `committing under ${this.id}`, 'LOG_OUTCOME_UNKNOWN')
    }
  }

  private attempt(timeoutMs = this.context.timeoutMs): Attempt {
    return new Attempt(this.context.cluster, this.connections, timeoutMs)
  }

  /** The coordinator of this id's transactions. */
  private get coordinator() {
    return ['transaction', this.id] as const
  }

  /** transaction.version 2 ends each transaction with a new epoch, in which sequence numbers begin at 0 again. */
  private renew({ producerId, epoch }: ProducerIdentity): void {
    if (!this.context.version2) return
    this.identity = { producerId, epoch }
    this.sequences.clear()
  }

  private get version(): 1 | 5 {
    return this.context.version2 ? 5 : 1
  }

  private get holder(): TransactionHolder {
    return { id: this.id, ...this.identity }
  }
}

const nameOf = ({ topic, partition }: { topic: string; partition: number }): string => `${topic}/${partition}`

/** When several steps failed: being fenced says most, a stale member comes next. */
function gravest(failures: readonly LogError[]): LogError {
  return (
    failures.find(({ code }) => code === 'LOG_FENCED') ??
    failures.find(({ code }) => code === 'LOG_STALE_MEMBER') ??
    failures[0]!
  )
}
