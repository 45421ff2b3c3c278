import { UNKNOWN } from '@quorate/contracts'
import type { VoteObject } from './object'
import type { Participant } from './rule'
import type { RuleFault } from './rule-fault'
import { decideRun, participantsOf, type Outcome } from './run'
import type { Settings } from './settings'
import { Tally } from './tally'

/**
 * Runs sections 3 and 4 inside each group, then once more over the groups, each with weight 1 (vote.md 4). A group
 * without quorum or winner abstains. Every declared group is in the electorate; `default` only if an elector is in no
 * other group.
 */
export function overGroups(object: VoteObject, settings: Settings): Outcome {
  const policy = object.inForce
  const tally = new Tally()
  const votes: Participant[] = []
  let electorate = policy.groups.length - 1
  let fault: RuleFault | null = null
  for (let i = 0; i < policy.groups.length; i++) {
    const { winner, electors, fault: failing } = groupOutcome(object, settings, i)
    fault ??= failing
    if (i === policy.groups.length - 1 && electors > 0) electorate++
    if (winner === null) continue
    tally.add(winner, 1)
    votes.push({ agent: policy.groups[i]!, state: winner, weight: 1 })
  }
  const outcome = decideRun({ tally, participants: () => votes }, electorate, policy, object.voted)
  // A group whose rule cannot decide does not abstain: its vote might decide the whole.
  return fault === null ? outcome : { ...outcome, winner: null, contested: false, rule: null, fault }
}

/** One group's own run. Its previous state is `unknown`, so that an even split of `ordered` abstains. */
export function groupOutcome(object: VoteObject, settings: Settings, group: number): Outcome & { electors: number } {
  const policy = object.inForce
  const ballot = object.ballots[group]!
  const electors = policy.electorate === null ? ballot.known : settings.electorateOf(policy)[group]!
  const votes = { tally: ballot, participants: () => participantsOf(object, group) }
  return { ...decideRun(votes, electors, policy, UNKNOWN), electors }
}
