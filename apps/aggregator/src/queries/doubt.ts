import type { Peers, SharedDoubt } from '@quorate/routing'
import type { Streams } from '@quorate/streams'
import type { FastifyRequest } from 'fastify'
import { askMember } from './member-report'

/** ms that what the others said holds. */
const HOLDS = 500
/** ms that each of them is waited for. */
const PATIENCE = 1_000

/**
 * Whether all members that we know of have not heard the group for as long as we: then nobody that could be asked has taken a partition
 * over. One that is surely a member, or of a later generation, or silent, may have; the doubt is ours alone then.
 */
export class Doubt implements SharedDoubt {
  #asked: { readonly at: number; readonly answer: Promise<boolean> } | undefined

  constructor(
    private readonly streams: Streams,
    private readonly peers: Peers,
  ) {}

  isShared(request: FastifyRequest): Promise<boolean> {
    const now = performance.now()
    if (!this.#asked || now - this.#asked.at > HOLDS) this.#asked = { at: now, answer: this.#ask(request) }
    return this.#asked.answer
  }

  async #ask(request: FastifyRequest): Promise<boolean> {
    const { members, generation } = this.streams.status()
    const said = await Promise.all(
      members.filter(({ self }) => !self).map(({ url }) => askMember(this.peers, url, request, PATIENCE)),
    )
    return said.every((it) => it !== undefined && !it.sure && (it.generation ?? -1) <= (generation ?? -1))
  }
}
