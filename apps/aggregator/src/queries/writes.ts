import {
  encodeSource,
  type ObjectId,
  type OperatorsEnd,
  type OverrideSet,
  type SourceCommand,
} from '@quorate/contracts'
import { type Answer, invalid, json, noContent, Problem, type ProblemError } from '@quorate/http'
import type { Owners } from '@quorate/routing'
import type { Position } from '@quorate/log'
import { StoreError } from '@quorate/state-store'
import { type RunningTask, StreamsError } from '@quorate/streams'
import { entityTag, matchesWrite, type Tags, writeTag } from './entity-tag'
import { refuseImport } from './importing'
import { type Objects, versionOf } from './objects'
import { checkFingerprint } from '../requests/idempotent-answers'
import { type RequestKey, requestHeader } from '@quorate/engine/core'
import type { Outcome, Reading, Seen } from './reading'
import { DEFAULT_WAIT } from './waiting'

export interface WriteOptions {
  readonly ifMatch?: Tags | undefined
  /** ms to wait for the outcome; 0: answer 202 as soon as it is in the log. */
  readonly waitMs?: number | undefined
  /** A request that is to be done once, however often it is made. */
  readonly request?: RequestKey | undefined
}

type Type = SourceCommand['type']

/** Who ends an override or an object, and why. */
export type Operator = Pick<OperatorsEnd, 'author' | 'reason'>

/** An override to set; without an end it gets the longest that the policy permits. */
export type OverrideWanted = Required<Pick<OverrideSet, 'state' | 'reason' | 'author' | 'mode'>> &
  Pick<OverrideSet, 'expiresAt'>

/** 202: it is in the log, at this place. */
export function accepted(positions: readonly Pick<Position, 'partition' | 'offset'>[]): Answer {
  const position = positions.map(({ partition, offset }) => `${partition}@${offset}`).join(', ')
  return json(202, JSON.stringify({ position }), { 'quorate-position': position })
}

/**
 * What changes an object by REST: a record in the log, judged before it is appended and once more when it is applied;
 * the answer is what became of it at its position. At the owner, which alone can tell.
 */
export class Writes {
  constructor(
    private readonly reading: Reading,
    private readonly owners: Owners,
    private readonly objects: Objects,
  ) {}

  async setOverride(task: RunningTask, id: ObjectId, wanted: OverrideWanted, options: WriteOptions): Promise<Answer> {
    const repeated = this.#repeated(task, id, 'override-set', options)
    if (repeated) return repeated
    const seen = this.reading.object(task, id)
    const match = this.#precondition(task, seen, options.ifMatch)
    const expiresAt = this.#end(task, id, wanted)
    const data: OverrideSet = { ...wanted, expiresAt, ...(match === undefined ? {} : { ifMatch: match }) }
    return this.#write(task, id, { type: 'override-set', object: id, data }, options)
  }

  async clearOverride(task: RunningTask, id: ObjectId, operator: Operator, options: WriteOptions): Promise<Answer> {
    const seen = this.#existing(task, id)
    const ifMatch = this.#precondition(task, seen, options.ifMatch)!
    if (!seen.view.override)
      throw new Problem('not-found', `The object ${JSON.stringify(id)} has no override.`, {
        headers: this.owners.freshness(task),
      })
    return this.#write(task, id, { type: 'override-cleared', object: id, data: { ...operator, ifMatch } }, options)
  }

  async delete(task: RunningTask, id: ObjectId, operator: Operator, options: WriteOptions): Promise<Answer> {
    const ifMatch = this.#precondition(task, this.#existing(task, id), options.ifMatch)!
    return this.#write(task, id, { type: 'object-deleted', object: id, data: { ...operator, ifMatch } }, options)
  }

  /** Reports and their removal need no precondition; waited for, they answer the object as it is then. */
  async report(task: RunningTask, id: ObjectId, command: SourceCommand, options: WriteOptions): Promise<Answer> {
    return this.#repeated(task, id, command.type, options) ?? this.#write(task, id, command, options)
  }

  /**
   * The answer to a request that was made and applied before: as its outcome was, at its position. @throws Problem 409
   */
  #repeated(task: RunningTask, id: ObjectId, type: Type, { request, waitMs }: WriteOptions): Answer | undefined {
    const row = request && this.reading.request(task, request.key)
    if (!row) return undefined
    checkFingerprint(request, row.fingerprint)
    const position = { partition: task.partition, offset: row.offset }
    if (waitMs === 0) return accepted([position])
    return this.#answer(task, id, type, row.outcome, `${task.partition}@${row.offset}`)
  }

  #existing(task: RunningTask, id: ObjectId): Seen {
    const seen = this.reading.object(task, id)
    if (seen) return seen
    refuseImport(task)
    throw new Problem('not-found', `There is no object ${JSON.stringify(id)}.`, {
      headers: this.owners.freshness(task),
    })
  }

  /**
   * What the record carries as `ifMatch`; undefined for an object that is not there yet. @throws Problem 428 or 412;
   * 503 while it may come
   */
  #precondition(task: RunningTask, seen: Seen | undefined, ifMatch: Tags | undefined): string | undefined {
    const headers = this.owners.freshness(task)
    if (!seen) {
      refuseImport(task)
      if (ifMatch)
        throw new Problem('precondition-failed', 'Nothing was written: the object is not there (any more).', {
          headers,
        })
      return undefined
    }
    const current = versionOf(seen)
    const tagged = { ...headers, etag: entityTag(current) }
    if (!ifMatch)
      throw new Problem(
        'precondition-required',
        'Nothing was written: the object exists, so say in If-Match which state of it you have seen (its ETag).',
        { headers: tagged },
      )
    if (!matchesWrite(ifMatch, current)) throw this.#changed(tagged)
    return writeTag(current)
  }

  #changed(headers: Record<string, string>): Problem {
    return new Problem(
      'precondition-failed',
      'Nothing was changed: the object has changed since you read it. ETag says what it is now.',
      { headers },
    )
  }

  #end(task: RunningTask, id: ObjectId, { expiresAt, state }: OverrideWanted): number {
    const policy = this.reading.policyOf(task, id)
    const now = Math.max(Date.now(), task.time)
    const longest = policy.maxOverride * 1000
    const faults: ProblemError[] = []
    if (policy.states && state !== 'unknown' && !policy.states.includes(state)) {
      faults.push({
        pointer: '/state',
        detail: `must be one of the states of the policy ${policy.name}: ${policy.states.join(', ')}`,
      })
    }
    if (expiresAt !== undefined && expiresAt <= now)
      faults.push({ pointer: '/expiresAt', detail: 'must be in the future' })
    if (expiresAt !== undefined && expiresAt - now > longest) {
      faults.push({
        pointer: '/expiresAt',
        detail: `must be at most ${policy.maxOverride} s ahead (maxOverride of the policy ${policy.name})`,
      })
    }
    if (faults.length > 0) throw invalid(faults, 'the override')
    // The log's clock decides in the end, and it may be a little behind ours.
    return expiresAt ?? now + Math.max(Math.ceil(longest / 2), longest - CLOCK_SLACK)
  }

  async #write(
    task: RunningTask,
    id: ObjectId,
    command: SourceCommand,
    { waitMs = DEFAULT_WAIT, request }: WriteOptions,
  ): Promise<Answer> {
    const { key, value, headers } = encodeSource(command)
    const more = request ? [requestHeader(request)] : []
    const [position] = await this.owners.streams.append([{ key, value, headers: [...headers, ...more] }])
    const { partition, offset } = position!
    const written = `${partition}@${offset}`
    if (waitMs === 0 && !request) return accepted([position!])
    return appended(task, { 'quorate-position': written }, async () => {
      // A repeat that was under way beside it may have been the first: only what was applied tells.
      await task.reached(offset, waitMs || DEFAULT_WAIT)
      const repeated = this.#repeated(task, id, command.type, { request, waitMs })
      return repeated ?? this.#answer(task, id, command.type, this.reading.outcome(partition, offset), written)
    })
  }

  #answer(task: RunningTask, id: ObjectId, type: Type, outcome: Outcome | undefined, position: string): Answer {
    const written = { 'quorate-position': position }
    const seen = this.reading.object(task, id)
    const headers = { ...this.owners.freshness(task), ...written }
    this.#refuse(type, outcome, seen, headers)
    if (!seen || type === 'object-deleted') return noContent(headers)
    return this.objects.shown(task, seen, written)
  }

  /** What the fold found at the record's place, where that is not success. */
  #refuse(type: Type, outcome: Outcome | undefined, seen: Seen | undefined, headers: Record<string, string>): void {
    const tagged = seen ? { ...headers, etag: entityTag(versionOf(seen)) } : headers
    // Of good reports there are too many to remember.
    if (type === 'report' && typeof outcome !== 'object') return
    if (outcome === undefined)
      throw new Problem(
        'outcome-unknown',
        'It has been applied, but what became of it is not known here any more. Read the object.',
        { headers: tagged },
      )
    if (outcome === 'mismatch') throw this.#changed(tagged)
    if (typeof outcome === 'object')
      throw new Problem('invalid', `It was put among the dead letters: ${outcome.reject}.`, {
        errors: [faultOf(outcome.reject)],
        headers: tagged,
      })
    if (outcome === 'expired' && type === 'override-set') {
      throw new Problem('invalid', 'Nothing was changed: its end was past when it was appended.', {
        errors: [{ pointer: '/expiresAt', detail: 'must be in the future' }],
        headers: tagged,
      })
    }
  }
}

/**
 * What is done once a record is in the log: a partition that moves, lags, or finds its store damaged does not make a
 * 503 of it, which would say that nothing was written, and lead to its being written again. @throws Problem
 * `outcome-unknown`
 */
export async function appended<T>(
  task: RunningTask,
  headers: Readonly<Record<string, string>>,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const isForeseen = error instanceof StreamsError || error instanceof StoreError || task.isDamage(error)
    // A fault of ours stays one: told as 500, and noted in the log.
    if (!isForeseen) throw error
    throw new Problem(
      'outcome-unknown',
      'It is in the log, but what became of it was not seen in time. Read with this Quorate-Position as Quorate-Min-Position.',
      { headers, cause: error },
    )
  }
}

/** ms that the broker's clock may be behind ours without failing a write that asks for the longest time. */
const CLOCK_SLACK = 5_000

/** `/state: not one of …` → its place and what is wrong there. */
function faultOf(reason: string): ProblemError {
  const found = /^(\/\S*): (.*)$/s.exec(reason)
  return found ? { pointer: found[1]!, detail: found[2]! } : { pointer: '', detail: reason }
}
