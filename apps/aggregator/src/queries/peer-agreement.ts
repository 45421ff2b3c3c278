import type { Call } from '@quorate/http'
import type { PeerAgreement, Peers } from '@quorate/routing'
import type { Streams } from '@quorate/streams'
import { askMember } from './member-report'

/** ms for which the answers of the others are used again. */
const CACHE_MS = 500
/** ms to wait for each of them. */
const MEMBER_TIMEOUT_MS = 1_000

/**
 * Whether the leases of all known members have lapsed: then none that could be asked has taken a partition over. A
 * member that holds its lease, is of a later generation, or does not answer, may have.
 */
export class MemberAgreement implements PeerAgreement {
  #asked: { readonly at: number; readonly answer: Promise<boolean> } | undefined

  constructor(
    private readonly streams: Streams,
    private readonly peers: Peers,
  ) {}

  hasLapsedEverywhere(call: Call): Promise<boolean> {
    const now = performance.now()
    if (!this.#asked || now - this.#asked.at > CACHE_MS) this.#asked = { at: now, answer: this.#ask(call) }
    return this.#asked.answer
  }

  async #ask(call: Call): Promise<boolean> {
    const { members, generation } = this.streams.status()
    const reports = await Promise.all(
      members.filter(({ self }) => !self).map(({ url }) => askMember(this.peers, url, call, MEMBER_TIMEOUT_MS)),
    )
    return reports.every((it) => it !== undefined && !it.sure && (it.generation ?? -1) <= (generation ?? -1))
  }
}
