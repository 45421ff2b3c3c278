import { catchingUp } from './catching-up'
import { grouping } from './grouping'
import { lastTold } from './last-told'
import { lastingUnknown } from './lasting-unknown'
import { quiet } from './quiet'
import type { Stage } from './stage'
import { stillRouted } from './still-routed'

export * from './inbox'
export * from './news'
export * from './route'
export * from './routing'
export * from './stage'

/**
 * The pipeline is a list. `inbox` and the routes come before it, once a change; these run once for every receiver that a change may
 * concern; the outbox comes after it. A stage that holds or suppresses for another reason is one more line here.
 */
export const STAGES: readonly Stage[] = [stillRouted, lastTold, quiet, lastingUnknown, catchingUp, grouping]
