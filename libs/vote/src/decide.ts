import { overGroups } from './groups'
import type { VoteObject } from './object'
import { decideRun, participantsOf, type Outcome } from './run'
import type { Settings } from './settings'

/** The object's outcome from its current count. */
export function decide(object: VoteObject, settings: Settings): Outcome {
  const policy = object.inForce
  if (policy.groups.length > 0) return overGroups(object, settings)
  const ballot = object.ballots[0]!
  const electorate = policy.electorate === null ? ballot.known : settings.electorateOf(policy)[0]!
  return decideRun({ tally: ballot, participants: () => participantsOf(object, 0) }, electorate, policy, object.voted)
}
