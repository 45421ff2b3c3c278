import {
  type AgentStanding,
  compareUtf8,
  type Explanation as Shown,
  type NextStep,
  type Override,
  type Standing,
  type State,
} from '@quorate/contracts'
import { abstains, expiresAt, forgottenAt } from './count'
import { deadlineAfter, voteDeadline } from './deadline'
import { flappingEnds } from './flap'
import { marginOf } from './margin/margin'
import type { Row, VoteObject } from './object'
import type { RuleFault } from './rule-fault'
import type { Outcome } from './run'
import type { Settings } from './settings'
import { shown, type TallyEntries } from './tally'
import { candidateDue } from './voted'

/** An agent's part without its evidence, which is in the store. */
export type AgentExplanation = Omit<AgentStanding, 'evidence'>

/** Members with times or an order have the types of the vote instead (contracts, `EXPLANATION`). */
type Untimed = Omit<
  Shown,
  'override' | 'agents' | 'tally' | 'candidate' | 'candidateSince' | 'candidateDue' | 'nextDeadline' | 'ruleFault'
>

export interface Explanation extends Untimed {
  readonly override: Override | null
  readonly agents: readonly AgentExplanation[]
  readonly tally: TallyEntries
  /** The state that is about to become `voted`, since when it has been winning, and when it takes effect. */
  readonly candidate: { readonly state: State; readonly since: number; readonly due: number } | null
  readonly nextDeadline: number | null
  /** Why the policy's rule cannot decide, and since when, if known. null if it can decide or was not asked. */
  readonly ruleFault: (RuleFault & { readonly since: number | null }) | null
}

/** Explains the object's state (docs/spec/rest.md) at the time `now` of its partition. The count must be up to date. */
export function explain(object: VoteObject, outcome: Outcome, settings: Settings, now: number): Explanation {
  const { candidate, candidateSince } = object
  const next = nextStep(object, now)
  const { entries, rest } = shown(outcome.tally)
  return {
    state: object.state,
    voted: object.voted,
    override: object.override && overrideOf(object.override),
    agents: object.rows
      .map((row) => explainRow(row, object, settings, now))
      .sort((a, b) => compareUtf8(a.agent, b.agent)),
    tally: entries,
    ...(rest === undefined ? {} : { tallyRest: rest }),
    participants: outcome.participants,
    electorate: outcome.electorate,
    quorum: outcome.quorum,
    rule: outcome.rule,
    winner: outcome.winner,
    margin: marginOf(object, outcome, settings),
    candidate: candidate === null ? null : { state: candidate, since: candidateSince, due: candidateDue(object) },
    nextDeadline: next?.at ?? null,
    next: next?.step ?? null,
    policy: object.inForce.name,
    ruleFault: outcome.fault && { ...outcome.fault, since: object.ruleHold?.since ?? null },
  }
}

const overrideOf = ({ state, reason, author, expiresAt, mode }: Override): Override => ({
  ...{ state, reason, author, expiresAt, mode },
})

function explainRow(row: Row, object: VoteObject, settings: Settings, now: number): AgentExplanation {
  const { inForce } = object
  const { weight } = settings.agent(row.agent)
  return {
    agent: row.agent,
    state: row.state,
    seq: row.seq < 0 ? null : row.seq,
    age: now - object.createdAt - row.at,
    expiresIn: expiresAt(row, object) - now,
    ttl: row.ttl === 0 ? inForce.ttl : Math.min(row.ttl, inForce.ttl),
    ttlCappedBy: row.ttl > inForce.ttl ? inForce.name : null,
    weight,
    group: inForce.groups.length === 0 ? null : inForce.groups[inForce.groupOf(row.agent)]!,
    standing: standingOf(row, object, settings, now),
  }
}

function standingOf(row: Row, object: VoteObject, settings: Settings, now: number): Standing {
  const { inForce } = object
  const { weight, muted } = settings.agent(row.agent)
  if (muted) return 'muted'
  if (weight === 0) return 'observer'
  if (inForce.electorate !== null && !inForce.electorate.has(row.agent)) return 'outsider'
  if (now >= expiresAt(row, object)) return 'expired'
  return abstains(row.state, inForce) ? 'abstained' : 'counted'
}

function nextStep(object: VoteObject, now: number): { at: number; step: NextStep } | null {
  const at = deadlineAfter(object, now)
  if (at === Infinity) return null
  if (object.override?.expiresAt === at) return { at, step: 'override-expires' }
  if (voteDeadline(object) === at) return { at, step: voteStep(object, at) }
  const forgotten = object.rows.some((row) => row.counted === 0 && forgottenAt(row, object) === at)
  return { at, step: forgotten ? 'report-forgotten' : 'report-expires' }
}

function voteStep(object: VoteObject, at: number): NextStep {
  if (object.candidate !== null && candidateDue(object) === at) return 'candidate-wins'
  if (object.ruleHold?.retryAt === at) return 'rule-asked-again'
  return object.flapping && flappingEnds(object) === at ? 'flapping-ends' : 'turns-unknown'
}
