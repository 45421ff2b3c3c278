import { compareUtf8, type State, type View } from '@quorate/contracts'
import { effectiveState, isDivergent, type VoteObject } from './object'
import type { Outcome } from './run'
import type { Tally } from './tally'

/** Weight by state in the order of UTF-8 bytes; zero weights are not there. */
export function tallyEntries({ states, weights }: Tally): [State, number][] {
  const entries = states.map((state, i): [State, number] => [state, weights[i]!])
  return entries.length > 1 ? entries.sort((a, b) => compareUtf8(a[0], b[0])) : entries
}

/** The public view (vote.md 8). `cause`, `trigger` and `revision` are those of the last record. */
export function viewOf(object: VoteObject, outcome: Outcome): View {
  const { override } = object
  return {
    object: object.id,
    incarnation: object.incarnation,
    version: object.version,
    revision: object.revision,
    state: effectiveState(object),
    from: object.from,
    voted: object.voted,
    since: override?.at ?? object.votedSince,
    decidedAt: override?.at ?? object.votedAt,
    cause: object.past?.cause ?? null,
    trigger: object.past?.trigger ?? null,
    contested: object.contested,
    stale: object.stale,
    flapping: object.flapping,
    divergent: isDivergent(object),
    override: override && {
      state: override.state,
      reason: override.reason,
      author: override.author,
      expiresAt: override.expiresAt,
      mode: override.mode,
    },
    tally: Object.fromEntries(tallyEntries(outcome.tally)),
    participants: outcome.participants,
    electorate: outcome.electorate,
    quorum: outcome.quorum,
    rule: outcome.rule,
    policy: object.inForce.name,
    incident: object.heldUntil === null ? object.incident : null,
  }
}
