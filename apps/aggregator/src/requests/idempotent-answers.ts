import { type Answer, json, Problem } from '@quorate/http'
import { type Log, LogError } from '@quorate/log'
import { checkedJson, KeyValueTable } from '@quorate/state-store'
import { ANSWERS, REMEMBERED, type RequestKey } from '@quorate/engine/core'

/** An answer as it was given. */
interface StoredAnswer {
  readonly fingerprint: string
  /** ms, wall clock. */
  readonly at: number
  readonly status: number
  readonly position: string
  readonly body: string
}

/** An answer, and the fingerprint of the request that it is to. */
export interface Done {
  readonly answer: Answer
  readonly fingerprint: string
}

/** Others may write to the settings: what is no answer of ours is left out. */
const STORED_ANSWER = checkedJson<StoredAnswer>((value, key) => {
  if (!key.startsWith(ANSWERS)) return true
  const { fingerprint, at, status, position, body } = Object(value) as Record<keyof StoredAnswer, unknown>
  const isStatus = Number.isInteger(status) && Number(status) >= 200 && Number(status) < 600
  return isStatus && Number.isFinite(at) && [fingerprint, position, body].every((it) => typeof it === 'string')
})
const MAX_DELETED = 100
/** Answers that could not be kept, held here at most. */
const MAX_HELD = 1_000
/** ms to wait for the log while nothing comes. */
const LOG_TIMEOUT_MS = 5_000

/**
 * Answers to requests that concern several partitions, or none: kept in the settings, since no one partition's store
 * has all of their positions. Requests on one object are remembered by its partition (requests.ts).
 */
export class IdempotentAnswers {
  readonly #underWay = new Map<string, { readonly fingerprint: string | undefined; readonly done: Promise<Done> }>()

  /** What was done while the settings could not be told; the oldest first. */
  readonly #held = new Map<string, StoredAnswer>()

  constructor(
    private readonly log: Log,
    private readonly settings: string,
    private readonly patienceMs = LOG_TIMEOUT_MS,
  ) {}

  /**
   * Does `work`, or returns what it returned for this key before. @throws Problem 409 for a key that was used for
   * something else
   */
  async once(request: RequestKey | undefined, work: () => Promise<Answer>): Promise<Answer> {
    if (!request) return work()
    const { key, fingerprint } = request
    const same = this.#underWay.get(key)
    // What is known to be another request need not wait for the first one's answer.
    if (same?.fingerprint !== undefined) checkFingerprint(request, same.fingerprint)
    return this.#done(
      key,
      () => Promise.resolve(fingerprint),
      async () => ({ fingerprint, answer: await work() }),
      fingerprint,
    )
  }

  /**
   * The same for a body that is read as a stream: its fingerprint is known only at its end. `work` reads it and does
   * what it says; `fingerprintOf` only reads it, for a key that is known already. @throws Problem 409
   */
  onceStreamed(key: string, fingerprintOf: () => Promise<string>, work: () => Promise<Done>): Promise<Answer> {
    return this.#done(key, fingerprintOf, work)
  }

  async #done(
    key: string,
    fingerprintOf: () => Promise<string>,
    work: () => Promise<Done>,
    early?: string,
  ): Promise<Answer> {
    const same = this.#underWay.get(key)
    if (same) {
      const fingerprint = await fingerprintOf()
      const done = await same.done
      checkFingerprint({ key, fingerprint }, done.fingerprint)
      return done.answer
    }
    const done = this.#once(key, fingerprintOf, work).finally(() => this.#underWay.delete(key))
    this.#underWay.set(key, { fingerprint: early, done })
    return (await done).answer
  }

  async #once(key: string, fingerprintOf: () => Promise<string>, work: () => Promise<Done>): Promise<Done> {
    const held = await this.#again(key, fingerprintOf, this.#held.get(key))
    if (held) return held
    const { log, settings: topic, patienceMs } = this
    const table = await KeyValueTable.open<StoredAnswer>({ log, topic, patienceMs, codec: STORED_ANSWER })
    try {
      const kept = await this.#again(key, fingerprintOf, table.get(`${ANSWERS}${key}`))
      if (kept) return kept
      const { answer, fingerprint } = await work()
      const { status, headers, body } = answer
      const position = headers['quorate-position'] ?? ''
      this.#hold(key, { fingerprint, at: Date.now(), status, position, body: String(body ?? '') })
      await this.#keep(table)
      return { answer, fingerprint }
    } finally {
      await table.close()
    }
  }

  /** @throws Problem 409 */
  async #again(
    key: string,
    fingerprintOf: () => Promise<string>,
    kept: StoredAnswer | undefined,
  ): Promise<Done | undefined> {
    if (!kept || kept.at + REMEMBERED <= Date.now()) return undefined
    const fingerprint = await fingerprintOf()
    checkFingerprint({ key, fingerprint }, kept.fingerprint)
    return { fingerprint, answer: json(kept.status, kept.body, { 'quorate-position': kept.position }) }
  }

  #hold(key: string, kept: StoredAnswer): void {
    this.#held.set(key, kept)
    const [oldest] = this.#held.keys()
    if (this.#held.size > MAX_HELD) this.#held.delete(oldest!)
  }

  /**
   * What is done is answered so, whatever becomes of this: an error would say that nothing was written. What cannot be
   * kept now is with the next request, and until then this instance knows it.
   */
  async #keep(table: KeyValueTable<StoredAnswer>): Promise<void> {
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

async function forget(table: KeyValueTable<StoredAnswer>): Promise<void> {
  const before = Date.now() - REMEMBERED
  const old = [...table.entries()].filter(([key, kept]) => key.startsWith(ANSWERS) && kept.at < before)
  for (const [key] of old.slice(0, MAX_DELETED)) await table.delete(key)
}

/** @throws Problem 409 */
export function checkFingerprint({ key, fingerprint }: RequestKey, known: string): void {
  if (known === fingerprint) return
  throw new Problem(
    'conflict',
    `Nothing was written: the Idempotency-Key ${JSON.stringify(key)} belongs to another request. Take a new key for a new request.`,
  )
}
