import type { View } from '@quorate/contracts'
import { effectiveState, isDivergent, type VoteObject } from './object'
import type { Outcome } from './run'
import { shown } from './tally'

/** The public view (vote.md 8). `cause`, `trigger` and `revision` are those of the last emitted record. */
export function viewOf(object: VoteObject, outcome: Outcome): View {
  const { override } = object
  const { entries, rest } = shown(outcome.tally)
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
    tally: Object.fromEntries(entries),
    ...(rest === undefined ? {} : { tallyRest: rest }),
    participants: outcome.participants,
    electorate: outcome.electorate,
    quorum: outcome.quorum,
    rule: outcome.rule,
    policy: object.inForce.name,
    incident: object.heldUntil === null ? object.incident : null,
  }
}
