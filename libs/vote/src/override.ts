import type { ObjectId, OperatorsEnd, Override, OverrideSet } from '@quorate/contracts'
import { endIncident, evaluate, remove } from './evaluate'
import { moveStanding, standingOf } from './guard'
import type { InForce } from './in-force'
import type { ActiveOverride, VoteObject } from './object'
import type { VoteState } from './port'
import { create, loaded, refusedState, type Applied } from './report'
import type { Moment } from './voted'

/** `<incarnation>.<version>.<n>`, which `ifMatch` is compared with (vote.md 6). */
export const matchOf = ({ incarnation, version, overrides }: VoteObject): string =>
  `${incarnation}.${version}.${overrides}`

const mismatches = (ifMatch: string | undefined, object: VoteObject | undefined): boolean =>
  ifMatch !== undefined && (object === undefined || ifMatch !== matchOf(object))

/** Sets an override, which takes precedence over the vote until it ends (vote.md 6). */
export function setOverride(state: VoteState, id: ObjectId, data: OverrideSet, moment: Moment): Applied {
  const { now } = moment
  const known = loaded(state, id, now)
  const refused = refusal(data, known?.inForce ?? state.settings.policyOf(id), now)
  if (refused !== undefined) return refused
  if (mismatches(data.ifMatch, known)) return 'mismatch'
  if (data.expiresAt !== undefined && data.expiresAt <= now) return 'expired'
  const override = activeOf(data, now)
  if (known !== undefined && known.override !== null && isEqual(known.override, override)) return 'nothing'
  const object = known ?? create(state, id, moment)
  const before = object.override
  object.override = override
  object.overrides++
  evaluate(state, object, moment, { cause: 'override', type: 'override-set' }, { before, cause: 'override' })
  return 'applied'
}

function refusal(data: OverrideSet, policy: InForce, now: number): { reject: string } | undefined {
  if (data.expiresAt !== undefined && data.expiresAt - now > policy.maxOverride) {
    return { reject: `/expiresAt: beyond maxOverride (${policy.policy.maxOverride} s) of the policy ${policy.name}` }
  }
  return refusedState(data.state, policy)
}

const activeOf = ({ state, reason, author, expiresAt, mode }: OverrideSet, at: number): ActiveOverride => ({
  state,
  reason: reason ?? null,
  author: author ?? null,
  expiresAt: expiresAt ?? null,
  mode: mode ?? 'pin',
  at,
})

const isEqual = (a: Override, b: Override): boolean =>
  a.state === b.state &&
  a.reason === b.reason &&
  a.author === b.author &&
  a.expiresAt === b.expiresAt &&
  a.mode === b.mode

export function clearOverride(state: VoteState, id: ObjectId, data: OperatorsEnd, moment: Moment): Applied {
  const { ifMatch, author = null, reason = null } = data
  const object = loaded(state, id, moment.now)
  if (mismatches(ifMatch, object)) return 'mismatch'
  if (object === undefined || object.override === null) return 'nothing'
  const before = object.override
  object.override = null
  object.overrides++
  const cause = 'override-cleared'
  evaluate(state, object, moment, { cause, type: cause, operator: { author, reason } }, { before, cause })
  return 'applied'
}

/** Deletes rows, override and marks, and emits a tombstone. A later record starts a new incarnation (vote.md 7). */
export function deleteObject(state: VoteState, id: ObjectId, ifMatch: string | undefined, moment: Moment): Applied {
  const object = loaded(state, id, moment.now)
  if (mismatches(ifMatch, object)) return 'mismatch'
  if (object === undefined) return 'nothing'
  moveStanding(state.guard, standingOf(state.guard, object), 'none')
  remove(state, object, moment.now, 'deleted')
  endIncident(state, moment.now)
  return 'applied'
}
