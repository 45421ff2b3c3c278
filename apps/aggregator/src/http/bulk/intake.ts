import {
  cutText,
  decodeSourceData,
  encodeSource,
  isObjectId,
  LIMITS,
  parseExactly,
  parseTime,
} from '@quorate/contracts'
import { Problem, withinTime } from '@quorate/http'
import { LogError, type Position } from '@quorate/log'
import type { SourceRecord } from '@quorate/streams'
import type { Hash } from 'node:crypto'
import type { Readable } from 'node:stream'
import { isTtl, TTL_RULE } from '../dto/rules'
import type { Splitter } from './items'

export interface Rejected {
  readonly index: number
  readonly reason: string
}

export interface Taken {
  readonly accepted: number
  readonly rejected: readonly Rejected[]
  /** Rejected beyond those listed: an answer is bounded too. */
  readonly unlisted: number
  /** Last offset of each partition written to. */
  readonly positions: ReadonlyMap<number, number>
}

export interface IntakeOptions {
  /** ms that the sender may pause; they do not run while the log is waited for. */
  readonly idleMs?: number | undefined
  /** Given all of the body. */
  readonly hash?: Hash | undefined
}

/** Records and bytes of one append; two are held at most: one under way, one filling. */
const BATCH = { records: 2_000, bytes: 512 * 1024 }
const LISTED = 10_000

/**
 * Takes a body of many reports: each is judged by itself, good ones are appended in order, in batches, while the next
 * ones arrive. Memory is bounded, whatever the size of the body: where the log is slower than the sender, the sender
 * waits.
 */
export class Intake {
  #accepted = 0
  #unlisted = 0
  #index = 0
  #batch: SourceRecord[] = []
  #bytes = 0
  #underWay: Promise<void> = Promise.resolve()
  readonly #rejected: Rejected[] = []
  readonly #positions = new Map<number, number>()

  constructor(
    private readonly append: (records: readonly SourceRecord[]) => Promise<Position[]>,
    private readonly options: IntakeOptions = {},
  ) {}

  /** @throws Problem; when a part was accepted before, its detail says how many reports */
  async take(body: Readable, splitter: Splitter): Promise<Taken> {
    try {
      for await (const chunk of withinTime(body, this.options.idleMs)) {
        this.options.hash?.update(chunk)
        for (const item of splitter.push(chunk)) if (this.#judge(item)) await this.#flush()
      }
      for (const item of splitter.end()) this.#judge(item)
      await this.#flush()
      await this.#underWay
    } catch (error) {
      throw await this.#broken(error)
    }
    return { accepted: this.#accepted, rejected: this.#rejected, unlisted: this.#unlisted, positions: this.#positions }
  }

  /** True when the batch is full. */
  #judge(item: Buffer): boolean {
    const index = this.#index++
    const record = recordOf(item)
    if (typeof record === 'string') {
      if (this.#rejected.length < LISTED) this.#rejected.push({ index, reason: record })
      else this.#unlisted++
      return false
    }
    this.#batch.push(record)
    this.#bytes += item.length
    return this.#batch.length >= BATCH.records || this.#bytes >= BATCH.bytes
  }

  /** Sends the batch on its way once the one before has arrived, so that the order is kept. */
  async #flush(): Promise<void> {
    await this.#underWay
    const batch = this.#batch
    this.#batch = []
    this.#bytes = 0
    if (batch.length === 0) return
    this.#underWay = this.append(batch).then((positions) => {
      this.#accepted += batch.length
      for (const { partition, offset } of positions) this.#positions.set(partition, offset)
    })
    // Looked at by the next flush or the end; until then it must not count as unhandled.
    this.#underWay.catch(() => undefined)
  }

  async #broken(error: unknown): Promise<unknown> {
    await this.#underWay.catch(() => undefined)
    const before = this.#accepted
    if (before === 0) return error
    const said = `The first ${before} good reports were accepted and stand; what came after was not written.`
    if (error instanceof Problem)
      return new Problem(error.code, `${error.message} ${said}`, { headers: error.headers, cause: error })
    // 503 says that nothing was written, which is no longer true.
    if (LogError.is(error))
      return new Problem('outcome-unknown', `${error.message}. ${said} Of one batch the outcome may be unknown.`, {
        cause: error,
      })
    return error
  }
}

/** The record of one item, or why there is none. */
function recordOf(item: Buffer): SourceRecord | string {
  let value: unknown
  try {
    value = parseExactly(item.toString('utf8'))
  } catch {
    return 'not JSON'
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'not a JSON object'
  const { object, ...data } = value as Record<string, unknown>
  if (typeof object !== 'string') return object === undefined ? '/object: missing' : '/object: must be a string'
  if (typeof data.observedAt === 'string') {
    const observedAt = parseTime(data.observedAt)
    if (observedAt === undefined) return '/observedAt: must be a point in time: RFC 3339, or integer ms since 1970'
    data.observedAt = observedAt
  }
  if (typeof data.ttl === 'number' && data.ttl > 0 && !isTtl(data.ttl)) return `/ttl: ${TTL_RULE}`
  if (!isObjectId(object)) return '/object: must be 1–512 bytes of UTF-8 without control characters'
  const { command, reject } = decodeSourceData('report', object, data, item.length)
  return command === undefined ? cutText(reject, LIMITS.deadLetterReasonBytes) : encodeSource(command)
}
