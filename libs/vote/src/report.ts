import { LIMITS, UNKNOWN, type ObjectId, type Report } from '@quorate/contracts'
import { castVote, expiresAt, moveKnown, newBallots, rowDue, weightAt, withdrawVote } from './count'
import { evaluate, type Origin } from './evaluate'
import type { InForce } from './in-force'
import { appendRow, placeOf, type Row, type VoteObject } from './object'
import type { Effect, VoteState } from './port'
import { refresh } from './rows'
import type { Moment } from './voted'

/** The result of a command: its effect, or why it becomes a dead letter. */
export type Applied = Effect | { readonly reject: string }

const TOO_MANY_AGENTS: Applied = {
  reject:
    `/agent: the limit of ${LIMITS.agentsPerObject} known agents of an object is reached: wait until one leaves ` +
    'or is forgotten',
}

/**
 * Applies a report (vote.md 2). Checks for invalid, already expired and duplicate, in this order; otherwise it becomes
 * the agent's row.
 */
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
  else add(state, object ?? create(state, id, moment), report, base, moment)
  return 'applied'
}

/** Loads the object and updates its count to the current settings. */
export function loaded(state: VoteState, id: ObjectId, now: number): VoteObject | undefined {
  const object = state.load(id)
  if (object !== undefined) refresh(state, object, now)
  return object
}

/** A state that the policy in force does not list is invalid; `unknown` is always valid, as an abstention. */
export function refusedState(stated: string, { listed, name }: InForce): { reject: string } | undefined {
  if (listed === null || stated === UNKNOWN || listed.has(stated)) return undefined
  return { reject: `/state: not one of the states of the policy ${name}` }
}

function isDuplicate(row: Row, report: Report, object: VoteObject, now: number): boolean {
  if (report.seq === undefined || row.seq < 0 || report.seq > row.seq) return false
  return (report.session ?? '') === row.session && now < expiresAt(row, object)
}

/** Creates an object for its first report or override. Its incarnation is the offset of that record. */
export function create(state: VoteState, id: ObjectId, { now, offset }: Moment): VoteObject {
  const policy = state.settings.policyOf(id)
  const incarnation = offset + state.incarnationBase
  const object = state.create(id, incarnation, now, policy, newBallots(policy))
  object.countedUnder = state.settings.version
  return object
}

const originOf = ({ agent, seq }: Report): Origin =>
  seq === undefined ? { cause: 'vote', type: 'report', agent } : { cause: 'vote', type: 'report', agent, seq }

function add(state: VoteState, object: VoteObject, report: Report, base: number, moment: Moment): void {
  const { agent } = report
  const row = rowOf(report, base, moment.now, object.createdAt)
  const place = appendRow(object, row)
  moveKnown(object, agent, state.settings, 1)
  store(state, object, place, report)
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
 * Applies a newer report of a known agent. If it casts the same vote with the same weight, the tally is unchanged and
 * every deadline up to now has fired, so nothing is evaluated (unless a rule could not decide, which is then asked
 * again). The schedule is touched only if the row is due earlier than the armed time.
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
  const previousWeight = row.counted
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
  store(state, object, place, report)
  const weight = weightAt(row, object, state.settings, moment.now)
  const isUnchanged = weight === previousWeight && (sameState || weight === 0)
  if (weight !== row.counted) {
    withdrawVote(object, row)
    castVote(object, row, weight)
  }
  const due = rowDue(row, object)
  if (due < object.rowsDue) object.rowsDue = due
  if (!isUnchanged || object.ruleHold !== null || !object.inForce.registered)
    evaluate(state, object, moment, originOf(report))
  else if (due < object.armed) state.arm(object, due)
}

function store(state: VoteState, object: VoteObject, place: number, report: Report): void {
  if (report.evidence !== undefined) state.setEvidence(object, report.agent, report.evidence)
  state.rowChanged(object, place)
}
