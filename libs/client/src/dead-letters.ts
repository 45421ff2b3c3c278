import { type Caller, segment } from './caller'

/** A record that could not be applied. */
export interface DeadLetter {
  /** `0@17`: names it. */
  readonly position: string
  /** RFC 3339 */
  readonly at: string
  readonly reason: string | null
  readonly topic: string | null
  /** Where the original lay. */
  readonly from: string | null
  /** null where it is no UTF-8. */
  readonly key: string | null
  /** Of the original value. */
  readonly bytes: number
  /** Parts of the original that are not whole here, since they were larger than a dead letter may be; it cannot be replayed then. */
  readonly cut?: {
    /** `key`, `value`, `headers`. */
    readonly parts: readonly string[]
    readonly keyBytes?: number
    readonly keySha256?: string
    readonly valueBytes?: number
    readonly valueSha256?: string
    /** How many the original had. */
    readonly headers?: number
  }
  /** What an operator has done with it. */
  readonly mark: {
    readonly done: 'replayed' | 'dropped'
    readonly at: string
    readonly by: string
    readonly position?: string
  } | null
}

export interface WholeDeadLetter extends DeadLetter {
  readonly keyBase64?: string
  readonly value: string | null
  readonly valueBase64?: string
  readonly headers: readonly (readonly [name: string, value: string])[]
}

/** What operators do about records that could not be applied. */
export class DeadLetters {
  constructor(private readonly caller: Caller) {}

  /** The oldest first; those that were replayed or dropped only with `all`. */
  async *list({ all = false, limit = 100 } = {}): AsyncGenerator<DeadLetter> {
    let cursor: string | undefined
    do {
      const query = { all: all ? 'true' : undefined, limit, cursor }
      type Page = { readonly items: readonly DeadLetter[]; readonly next?: string }
      const { body } = await this.caller.json<Page>({ path: '/v1/dead-letters', query })
      yield* body.items
      cursor = body.next
    } while (cursor !== undefined)
  }

  async get(position: string): Promise<WholeDeadLetter> {
    return (await this.caller.json<WholeDeadLetter>({ path: path(position) })).body
  }

  /** Appends it again to the source, as it was; answers where. */
  async replay(position: string): Promise<string> {
    const call = { method: 'POST', path: `${path(position)}/replay` }
    return (await this.caller.json<{ readonly position: string }>(call)).body.position
  }

  /** It is not shown any more. */
  async drop(position: string): Promise<void> {
    await this.caller.json({ method: 'DELETE', path: path(position) })
  }
}

const path = (position: string) => `/v1/dead-letters/${segment(position)}`
