import { LIMITS, UNKNOWN, type ObjectId, type Report } from '@quorate/contracts'
import { castVote, expiresAt, moveKnown, newBallots, rowDue, weightAt, withdrawVote } from './count'
import { evaluate, type Origin } from './evaluate'
import type { InForce } from './in-force'
import { appendRow, placeOf, type Row, type VoteObject } from './object'
import type { Effect, VoteState } from './port'
import { refresh } from './rows'
import type { Moment } from './voted'

/** What an applied command answers: its effect, or why it is a dead letter. */
export type Applied = Effect | { readonly reject: string }

const TOO_MANY_AGENTS: Applied = {
  reject: `/agent: ${LIMITS.agentsPerObject} agents are known for the object, which is the most; one that leaves makes room`,
}

/** A report (vote.md 2): invalid, already expired, duplicate, in this order; else it is the agent's row. */
export function applyReport(state: VoteState, id: ObjectId, report: Report, moment: Moment): Applied {
  const { now } = moment
  const object = loaded(state, id, now)
  const policy = object?.inForce ?? state.settings.policyOf(id)
  const refused = refusedState(report.state, policy)
  if (refused !== undefined) return refused
  const base = report.observedAt === undefined ? now : Math.min(now, report.observedAt)
  if (now >= base + Math.min(report.ttl ?? Infinity, policy.ttl)) return 'expired'
  const place = object === undefined ? -1 : placeOf(object, report.agent)
  if (object !== undefined && place >= 0) {
    if (isDuplicate(object.rows[place]!, report, object, now)) return 'duplicate'
    replace(state, object, place, report, base, moment)
  } else if (object !== undefined && object.rows.length >= LIMITS.agentsPerObject) return TOO_MANY_AGENTS
  else enter(state, object ?? create(state, id, moment), report, base, moment)
  return 'applied'
}

/** The object with its count up to the settings of this place of the log. */
export function loaded(state: VoteState, id: ObjectId, now: number): VoteObject | undefined {
  const object = state.load(id)
  if (object !== undefined) refresh(state, object, now)
  return object
}

/** A state that the policy in force does not list is invalid; `unknown` always goes, as an abstention. */
export function refusedState(stated: string, { listed, name }: InForce): { reject: string } | undefined {
  if (listed === null || stated === UNKNOWN || listed.has(stated)) return undefined
  return { reject: `/state: not one of the states of the policy ${name}` }
}

function isDuplicate(row: Row, report: Report, object: VoteObject, now: number): boolean {
  if (report.seq === undefined || row.seq < 0 || report.seq > row.seq) return false
  return (report.session ?? '') === row.session && now < expiresAt(row, object)
}

/** A new object, for its first report or override. Its incarnation is the offset of that record. */
export function create(state: VoteState, id: ObjectId, { now, offset }: Moment): VoteObject {
  const policy = state.settings.policyOf(id)
  const incarnation = offset + state.incarnationBase
  const object = state.create(id, incarnation, now, policy, newBallots(policy))
  object.countedUnder = state.settings.version
  return object
}

const originOf = ({ agent, seq }: Report): Origin =>
  seq === undefined ? { cause: 'vote', type: 'report', agent } : { cause: 'vote', type: 'report', agent, seq }

function enter(state: VoteState, object: VoteObject, report: Report, base: number, moment: Moment): void {
  const { agent } = report
  const row = rowOf(report, base, moment.now, object.createdAt)
  const place = appendRow(object, row)
  moveKnown(object, agent, state.settings, 1)
  keep(state, object, place, report)
  castVote(object, row, weightAt(row, object, state.settings, moment.now))
  object.rowsDue = Math.min(object.rowsDue, rowDue(row, object))
  evaluate(state, object, moment, originOf(report))
}

function rowOf(report: Report, base: number, now: number, createdAt: number): Row {
  return {
    agent: report.agent,
    state: report.state,
    seq: report.seq ?? -1,
    session: report.session ?? '',
    at: now - createdAt,
    lag: now - base,
    ttl: report.ttl ?? 0,
    hasEvidence: report.evidence !== undefined,
    counted: 0,
  }
}

/**
 * A known agent's newer report. Where it casts the same vote with the same weight the tally stands, every deadline up to now has
 * fired, and so nothing is evaluated (but where a rule could not decide: it is asked again); the schedule is touched only where the row is due sooner than what is armed.
 */
function replace(
  state: VoteState,
  object: VoteObject,
  place: number,
  report: Report,
  base: number,
  moment: Moment,
): void {
  const row = object.rows[place]!
  const stood = row.counted
  const sameState = row.state === report.state
  if (!sameState) withdrawVote(object, row)
  if (row.hasEvidence && report.evidence === undefined) state.deleteEvidence(object, row.agent)
  row.state = report.state
  row.seq = report.seq ?? -1
  row.session = report.session ?? ''
  row.at = moment.now - object.createdAt
  row.lag = moment.now - base
  row.ttl = report.ttl ?? 0
  row.hasEvidence = report.evidence !== undefined
  keep(state, object, place, report)
  const weight = weightAt(row, object, state.settings, moment.now)
  const stands = weight === stood && (sameState || weight === 0)
  if (weight !== row.counted) {
    withdrawVote(object, row)
    castVote(object, row, weight)
  }
  const due = rowDue(row, object)
  if (due < object.rowsDue) object.rowsDue = due
  if (!stands || object.ruleHold !== null || !object.inForce.registered)
    evaluate(state, object, moment, originOf(report))
  else if (due < object.armed) state.arm(object, due)
}

function keep(state: VoteState, object: VoteObject, place: number, report: Report): void {
  if (report.evidence !== undefined) state.setEvidence(object, report.agent, report.evidence)
  state.rowChanged(object, place)
}
