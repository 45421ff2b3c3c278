import { type Answer, json, Problem } from '@quorate/http'
import { type Log, LogError } from '@quorate/log'
import { KeyValueTable } from '@quorate/state-store'
import type { RequestKey } from './request-key'
import { ANSWERS, REMEMBERED } from './requests'

/** An answer as it was given. */
interface Kept {
  readonly fingerprint: string
  /** ms, wall clock. */
  readonly at: number
  readonly status: number
  readonly position: string
  readonly body: string
}

const FORGOTTEN = 100
/** Answers that could not be kept, held here at most. */
const HELD = 1_000
/** ms to wait for the log while nothing comes. */
const PATIENCE = 5_000

/**
 * Answers to requests that concern several partitions, or none: kept in the settings, since no one partition's store has all of their
 * positions. Requests on one object are remembered by its partition (requests.ts).
 */
export class Answers {
  readonly #underWay = new Map<string, { readonly fingerprint: string; readonly answer: Promise<Answer> }>()

  /** What was done while the settings could not be told; the oldest first. */
  readonly #held = new Map<string, Kept>()

  constructor(
    private readonly log: Log,
    private readonly settings: string,
    private readonly patienceMs = PATIENCE,
  ) {}

  /** Does `work`, or answers what it answered to this key before. @throws Problem 409 for a key that was used for something else */
  async once(request: RequestKey | undefined, work: () => Promise<Answer>): Promise<Answer> {
    if (!request) return work()
    const { key, fingerprint } = request
    const same = this.#underWay.get(key)
    if (same) {
      checkFingerprint(request, same.fingerprint)
      return same.answer
    }
    const answer = this.#once(request, work).finally(() => this.#underWay.delete(key))
    this.#underWay.set(key, { fingerprint, answer })
    return answer
  }

  async #once(request: RequestKey, work: () => Promise<Answer>): Promise<Answer> {
    const held = this.#again(request, this.#held.get(request.key))
    if (held) return held
    const { log, settings: topic, patienceMs } = this
    const table = await KeyValueTable.open<Kept>({ log, topic, patienceMs })
    try {
      const kept = this.#again(request, table.get(`${ANSWERS}${request.key}`))
      if (kept) return kept
      const answer = await work()
      const { status, headers, body } = answer
      const position = headers['quorate-position'] ?? ''
      const { fingerprint } = request
      this.#hold(request.key, { fingerprint, at: Date.now(), status, position, body: String(body ?? '') })
      await this.#keep(table)
      return answer
    } finally {
      await table.close()
    }
  }

  /** @throws Problem 409 */
  #again(request: RequestKey, kept: Kept | undefined): Answer | undefined {
    if (!kept || kept.at + REMEMBERED <= Date.now()) return undefined
    checkFingerprint(request, kept.fingerprint)
    return json(kept.status, kept.body, { 'quorate-position': kept.position })
  }

  #hold(key: string, kept: Kept): void {
    this.#held.set(key, kept)
    const [oldest] = this.#held.keys()
    if (this.#held.size > HELD) this.#held.delete(oldest!)
  }

  /**
   * What is done is answered so, whatever becomes of this: an error would say that nothing was written. What cannot be kept now is with the
   * next request, and until then this instance knows it.
   */
  async #keep(table: KeyValueTable<Kept>): Promise<void> {
    try {
      for (const [key, kept] of this.#held) {
        await table.put(`${ANSWERS}${key}`, kept)
        if (this.#held.get(key) === kept) this.#held.delete(key)
      }
      await forget(table)
    } catch (error) {
      if (!(error instanceof LogError)) throw error
    }
  }
}

async function forget(table: KeyValueTable<Kept>): Promise<void> {
  const before = Date.now() - REMEMBERED
  const old = [...table.entries()].filter(([key, { at }]) => key.startsWith(ANSWERS) && at < before)
  for (const [key] of old.slice(0, FORGOTTEN)) await table.delete(key)
}

/** @throws Problem 409 */
export function checkFingerprint({ key, fingerprint }: RequestKey, known: string): void {
  if (known === fingerprint) return
  throw new Problem(
    'conflict',
    `Nothing was written: the Idempotency-Key ${JSON.stringify(key)} belongs to another request. Take a new key for a new request.`,
  )
}
