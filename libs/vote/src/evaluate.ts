import { eventId, UNKNOWN, type AgentId, type Cause, type State, type Trigger } from '@quorate/contracts'
import { deadline } from './deadline'
import { decide } from './decide'
import { markFlapping } from './flap'
import { isOver, observersBack, moveStanding, standingOf } from './guard'
import { entryOf, keep, shorten, type Operator } from './history'
import { effectiveState, isDivergent, type ActiveOverride, type VoteObject } from './object'
import type { VoteState } from './port'
import { refresh, sweep } from './rows'
import type { Outcome } from './run'
import { viewOf } from './view'
import { move, type Moment } from './voted'

/**
 * What led to an evaluation: its cause, unless one of higher precedence applies, and the parts of the trigger (vote.md
 * 8).
 */
export interface Origin {
  readonly cause: Cause
  readonly type: string
  readonly agent?: AgentId
  readonly seq?: number
  readonly operator?: Operator
}

/** What a command did to the override just before its evaluation. */
export interface OverrideMove {
  readonly before: ActiveOverride | null
  readonly cause: Cause
}

/** The public marks. A change of any of them is emitted as `object.updated`. */
interface Marks {
  readonly voted: State
  readonly override: ActiveOverride | null
  readonly contested: boolean
  readonly stale: boolean
  readonly flapping: boolean
  readonly divergent: boolean
}

/**
 * One evaluation of one object at one time (vote.md 1): rows forgotten, override expired, vote, `voted` and its marks,
 * `until-agree`, flapping, object forgotten, record emitted. A second evaluation at the same time changes nothing.
 */
export function evaluate(
  state: VoteState,
  object: VoteObject,
  moment: Moment,
  origin: Origin,
  moved?: OverrideMove,
): void {
  const { now } = moment
  const { guard, holds } = state
  // An object on hold would throw again: store what led here, decide nothing.
  if (holds.size > 0 && now < (holds.until(object.id) ?? -Infinity)) {
    state.changed(object)
    return
  }
  const was = standingOf(guard, object)
  const before = marksOf(object, moved)
  const runs = runsOf(object)
  refresh(state, object, now)
  if (now >= object.rowsDue) sweep(state, object, now)
  let cause: Cause | null = moved?.cause ?? null
  if (isOverrideOver(object, now)) {
    endOverride(object)
    cause = 'override-expired'
  }
  const outcome = decide(object, state.settings)
  const loss = move(state, object, outcome, moment)
  if (agrees(object)) {
    endOverride(object)
    cause = 'override-agreed'
  }
  markFlapping(object, now)
  if (isForgotten(object)) {
    remove(state, object, now, 'forgotten')
    moveStanding(guard, was, 'none')
  } else {
    moveStanding(guard, was, standingOf(guard, object))
    emitChange(state, object, before, outcome, moment, { ...origin, cause: cause ?? loss ?? origin.cause })
    if (shorten(state, object) || moved !== undefined || isMoved(object, runs)) state.changed(object)
    rearm(state, object)
  }
  endIncident(state, now)
}

/** What an evaluation may change without emitting a record. */
type Runs = Pick<
  VoteObject,
  | 'revision'
  | 'overrides'
  | 'candidate'
  | 'candidateSince'
  | 'noQuorumSince'
  | 'unsupportedSince'
  | 'heldUntil'
  | 'incident'
  | 'ruleHold'
>

const runsOf = (object: VoteObject): Runs => ({
  revision: object.revision,
  overrides: object.overrides,
  candidate: object.candidate,
  candidateSince: object.candidateSince,
  noQuorumSince: object.noQuorumSince,
  unsupportedSince: object.unsupportedSince,
  heldUntil: object.heldUntil,
  incident: object.incident,
  ruleHold: object.ruleHold,
})

const isMoved = (object: VoteObject, runs: Runs): boolean =>
  object.revision !== runs.revision ||
  object.overrides !== runs.overrides ||
  object.candidate !== runs.candidate ||
  object.candidateSince !== runs.candidateSince ||
  object.noQuorumSince !== runs.noQuorumSince ||
  object.unsupportedSince !== runs.unsupportedSince ||
  object.heldUntil !== runs.heldUntil ||
  object.incident !== runs.incident ||
  object.ruleHold !== runs.ruleHold

const isOverrideOver = ({ override }: VoteObject, now: number): boolean =>
  override !== null && override.expiresAt !== null && now >= override.expiresAt

const agrees = ({ override, voted }: VoteObject): boolean =>
  override !== null && override.mode === 'until-agree' && override.state === voted

const isForgotten = ({ rows, override, voted }: VoteObject): boolean =>
  rows.length === 0 && override === null && voted === UNKNOWN

function endOverride(object: VoteObject): void {
  object.override = null
  object.overrides++
}

/** Removes an object and emits its tombstone. */
export function remove(state: VoteState, object: VoteObject, now: number, cause: Cause): void {
  object.revision++
  const { id, incarnation, revision } = object
  state.emit({
    type: 'object.deleted',
    id: eventId(id, incarnation, revision),
    time: now,
    subject: id,
    data: null,
    cause,
  })
  state.drop(object)
}

/** An incident ends once too few of its objects are left. */
export function endIncident(state: VoteState, now: number): void {
  const { guard, partition } = state
  if (guard.incident === null || !isOver(guard)) return
  state.emit(observersBack(partition, guard.incident, now))
  guard.incident = null
  guard.lost = 0
}

/** Armed times may be early, so only an earlier one costs a write to the schedule. */
export function rearm(state: VoteState, object: VoteObject): void {
  const due = deadline(object)
  if (due < object.armed) state.arm(object, due)
}

function marksOf(object: VoteObject, moved: OverrideMove | undefined): Marks {
  const override = moved === undefined ? object.override : moved.before
  const { voted, contested, stale, flapping } = object
  return { voted, override, contested, stale, flapping, divergent: override !== null && override.state !== voted }
}

function isUpdated(object: VoteObject, before: Marks): boolean {
  return (
    object.contested !== before.contested ||
    object.stale !== before.stale ||
    object.flapping !== before.flapping ||
    isDivergent(object) !== before.divergent ||
    object.voted !== before.voted ||
    object.override !== before.override
  )
}

function emitChange(
  state: VoteState,
  object: VoteObject,
  before: Marks,
  outcome: Outcome,
  { now, offset }: Moment,
  origin: Origin,
): void {
  const effective = effectiveState(object)
  const changed = effective !== object.state
  if (!changed && !isUpdated(object, before)) return
  // Read before the object is changed.
  const last = object.past === null ? null : object.past.change
  const source = { cause: origin.cause, trigger: triggerOf(origin, offset) }
  object.revision++
  if (changed) {
    object.version++
    object.from = object.state
    object.state = effective
    keep(state, object, last)
  }
  object.past = {
    ...source,
    change: changed ? entryOf(object, source, outcome, now, operatorOf(object, origin)) : last,
  }
  const type = changed ? 'object.changed' : 'object.updated'
  const id = eventId(object.id, object.incarnation, object.revision)
  state.emit({ type, id, time: now, subject: object.id, data: viewOf(object, outcome) })
}

/** Who set or cleared the override, if that changed the state. */
function operatorOf({ override }: VoteObject, { cause, operator }: Origin): Operator | undefined {
  if (cause === 'override' && override !== null) return { author: override.author, reason: override.reason }
  return cause === 'override-cleared' ? operator : undefined
}

function triggerOf({ type, agent, seq }: Origin, offset: number): Trigger {
  if (agent === undefined) return { type, offset }
  return seq === undefined ? { type, agent, offset } : { type, agent, seq, offset }
}
