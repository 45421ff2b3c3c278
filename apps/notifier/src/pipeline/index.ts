import { catchingUp } from './catching-up'
import { flapping } from './flapping'
import { grouping } from './grouping'
import { inhibited } from './inhibited'
import { lastTold } from './last-told'
import { lastingUnknown } from './lasting-unknown'
import { quiet } from './quiet'
import { silenced } from './silenced'
import type { Stage } from './stage'
import { stillRouted } from './still-routed'

export * from './cause'
export { isCalm, isOpen } from './closing'
export { flapPhase } from './flapping'
export * from './directions'
export * from './inbox'
export * from './inhibitions'
export * from './matchers'
export * from './news'
export * from './route'
export * from './routing'
export * from './silences'
export * from './stage'

/**
 * The pipeline is a list. `inbox` and the routes come before it, once a change; these run once for every receiver that
 * a change may concern; the outbox comes after it. A stage that holds or suppresses for another reason is one more line
 * here.
 */
export const STAGES: readonly Stage[] = [
  stillRouted,
  flapping,
  lastTold,
  quiet,
  silenced,
  inhibited,
  lastingUnknown,
  catchingUp,
  grouping,
]

/** The stages that hold back what somebody muted: also that something is told again. */
export const MUTES: readonly Stage[] = [silenced, inhibited]
