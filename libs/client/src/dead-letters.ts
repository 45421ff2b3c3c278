import type { DeadLetter, DeadLetterPage, WholeDeadLetter, WrittenAnswer } from '@quorate/contracts'
import { type Caller, segment } from './caller'

/** What operators do about records that could not be applied. */
export class DeadLetters {
  readonly #caller: Caller

  constructor(caller: Caller) {
    this.#caller = caller
  }

  /** The oldest first; those that were replayed or dropped only with `all`. */
  async *list({ all = false, limit = 100 } = {}): AsyncGenerator<DeadLetter> {
    let cursor: string | undefined
    do {
      const query = { all: all ? 'true' : undefined, limit, cursor }
      const { body } = await this.#caller.json<DeadLetterPage>({ path: '/v1/dead-letters', query })
      yield* body.items
      cursor = body.next
    } while (cursor !== undefined)
  }

  async get(position: string): Promise<WholeDeadLetter> {
    return (await this.#caller.json<WholeDeadLetter>({ path: path(position) })).body
  }

  /** Appends it again to the source, as it was; returns where. */
  async replay(position: string): Promise<string> {
    const call = { method: 'POST', path: `${path(position)}/replay` }
    return (await this.#caller.json<WrittenAnswer>(call)).body.position
  }

  /** It is no longer shown. */
  async drop(position: string): Promise<void> {
    await this.#caller.json({ method: 'DELETE', path: path(position) })
  }
}

const path = (position: string) => `/v1/dead-letters/${segment(position)}`
