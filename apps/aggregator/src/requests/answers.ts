import { type Answer, json, Problem } from '@quorate/http'
import type { Log } from '@quorate/log'
import { KeyValueTable } from '@quorate/state-store'
import type { RequestKey } from './request-key'
import { REMEMBERED } from './requests'

/** An answer as it was given. */
interface Kept {
  readonly fingerprint: string
  /** ms, wall clock. */
  readonly at: number
  readonly status: number
  readonly position: string
  readonly body: string
}

const PREFIX = 'requests/'
const FORGOTTEN = 100

/**
 * Answers to requests that concern several partitions, or none: kept in the settings, since no one partition's store has all of their
 * positions. Requests on one object are remembered by its partition (requests.ts).
 */
export class Answers {
  readonly #underWay = new Map<string, { readonly fingerprint: string; readonly answer: Promise<Answer> }>()

  constructor(
    private readonly log: Log,
    private readonly settings: string,
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
    const table = await KeyValueTable.open<Kept>({ log: this.log, topic: this.settings })
    try {
      const kept = table.get(`${PREFIX}${request.key}`)
      if (kept && kept.at + REMEMBERED > Date.now()) {
        checkFingerprint(request, kept.fingerprint)
        return json(kept.status, kept.body, { 'quorate-position': kept.position })
      }
      await forget(table)
      const answer = await work()
      const position = answer.headers['quorate-position'] ?? ''
      const { fingerprint } = request
      const body = String(answer.body ?? '')
      await table.put(`${PREFIX}${request.key}`, { fingerprint, at: Date.now(), status: answer.status, position, body })
      return answer
    } finally {
      await table.close()
    }
  }
}

async function forget(table: KeyValueTable<Kept>): Promise<void> {
  const before = Date.now() - REMEMBERED
  const old = [...table.entries()].filter(([key, { at }]) => key.startsWith(PREFIX) && at < before)
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
