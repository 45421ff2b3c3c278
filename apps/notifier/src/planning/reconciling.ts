import { globPrefix, type ObjectId, type State } from '@quorate/contracts'
import type { Forwarded, TaskContext } from '@quorate/streams'
import { settingsKey } from '../configuration/keys'
import { dueOfObject } from '../rows/due'
import { objectRow, type Held, type ObjectRow } from '../rows/rows'
import { causesIn, forgetWithheld, heldBackBy, withhold } from './withheld'
import type { PlanContext } from './plan-context'
import { amend } from '../decisions/ledger'
import { realign } from './realigning'
import {
  type InhibitionSource,
  type Directions,
  type HoldingCause,
  type Inhibition,
  judge,
  MUTES,
  type News,
  type Route,
  type LastNotified,
} from '../pipeline'

/** The output of the topology for the settings. */
const SETTINGS = 'settings'
/** Objects of one commit. */
const SLICE = 256

/** The parent of an inhibition changed: every instance is told, in the commit of the change. */
export function publishInhibitionSource(context: TaskContext, { inhibitions }: Directions, news: News): void {
  if (news.type === 'object.updated') return
  for (const { inhibition } of inhibitions.ofParent(news.object))
    context.forward(SETTINGS, said(inhibition, news.state, news.event))
}

/**
 * Puts a task in line with a configuration that is new to it: what was held back by a silence or an inhibition that is
 * in force no more, or not as it was, is judged again; which parents are bad is said where it differs; and where routes
 * or receivers have changed, every object is held against them. False: there is more to do.
 */
export function reconcile(context: TaskContext, planning: PlanContext): boolean {
  const { directions, now } = planning
  publishInhibitionSources(context, directions)
  if (!holdDependants(context, directions, now)) return false
  const { silences, inhibitions } = directions
  const inForce = new Set([...silences.causes, ...inhibitions.causes])
  const table = context.table('withheld')
  let room = SLICE
  for (const cause of [...causesIn(table)]) {
    if (inForce.has(cause)) continue
    for (const object of [...heldBackBy(table, cause, room)]) {
      release(context, directions, object, cause, now)
      room--
    }
    if (room === 0) return false
  }
  return realign(context, planning)
}

function publishInhibitionSources(context: TaskContext, { inhibitions }: Directions): void {
  for (const { inhibition, source: source } of inhibitions.all) {
    const bytes = context.table('objects').get(inhibition.parent)
    const row = bytes && objectRow.decode(bytes)
    if (!row?.current) continue
    const { state } = row.current
    const wanted = state !== null && inhibition.states.includes(state) ? state : undefined
    if (source?.state === wanted) continue
    context.forward(SETTINGS, said(inhibition, state, `${inhibition.parent}@${row.incarnation}.${row.revision}`))
  }
}

function said({ name, parent, states }: Inhibition, state: State | null, event: string): Forwarded {
  const bad = state !== null && states.includes(state)
  const value: InhibitionSource | null = bad ? { object: parent, state, event } : null
  return { key: settingsKey('parents', name), value: value && JSON.stringify(value), partition: 0 }
}

/**
 * What a cause held back is due: at once after a silence, after the group's wait where dependants may recover with
 * their parent.
 */
function release(
  context: TaskContext,
  { router }: Directions,
  object: ObjectId,
  cause: HoldingCause,
  now: number,
): void {
  forgetWithheld(context, cause, object)
  const table = context.table('objects')
  const bytes = table.get(object)
  // Its row may have been left out when the store was restored.
  if (bytes === undefined) return
  const row = objectRow.decode(bytes)
  const held: Record<string, Held> = {}
  for (const [path, one] of Object.entries(row.held)) {
    const { by, ...rest } = one
    const grace = cause.startsWith('inhibition/') ? (router.route(path)?.groupWait ?? 0) * 1000 : 0
    held[path] = by === cause ? { ...rest, until: now + grace } : one
  }
  const told: Record<string, LastNotified> = {}
  for (const [name, { mutedBy, ...one }] of Object.entries(row.told))
    told[name] = mutedBy === undefined ? one : mutedBy === cause ? { ...one, repeatAt: now } : { ...one, mutedBy }
  const changed = { ...row, held, told }
  table.put(object, objectRow.encode(changed))
  table.arm(object, dueOfObject(changed))
  withhold(context, object, row, changed)
}

/**
 * A parent is bad: what waits below it for its group waits for the parent from now on, so that the parent's message can
 * name it. Looked for where the glob opens with a text; elsewhere it is found when its time comes. False: there is
 * more.
 */
function holdDependants(context: TaskContext, directions: Directions, now: number): boolean {
  let room = SLICE
  const table = context.table('objects')
  for (const { source: source, inhibition } of directions.inhibitions.all) {
    if (!source) continue
    for (const opening of new Set(inhibition.dependants.map(globPrefix))) {
      if (opening === '') continue
      for (const { key, value } of table.prefix(opening)) {
        const row = objectRow.decode(value)
        if (!holdRow(context, directions, key, row, now)) continue
        if (--room === 0) return false
      }
    }
  }
  return true
}

function holdRow(context: TaskContext, directions: Directions, object: ObjectId, row: ObjectRow, now: number): boolean {
  const { news } = row
  if (!news) return false
  let changed = false
  const held: Record<string, Held> = {}
  for (const [path, one] of Object.entries(row.held)) {
    held[path] = one
    const route = one.by === undefined ? directions.router.route(path) : undefined
    const verdict = route && judgeMutes(directions, news, route, row, now)
    if (verdict?.verdict !== 'hold' || verdict.by === undefined || verdict.until <= one.until) continue
    const { until, reason, by } = verdict
    held[path] = { ...one, until, reason, by }
    amend(context, one.decision, now, { reason, by })
    changed = true
  }
  if (!changed) return false
  const table = context.table('objects')
  const next = { ...row, held }
  table.put(object, objectRow.encode(next))
  table.arm(object, dueOfObject(next))
  withhold(context, object, row, next)
  return true
}

function judgeMutes({ silences, inhibitions }: Directions, news: News, route: Route, { told }: ObjectRow, now: number) {
  const none = { group: undefined, arrivedAt: now, waitedUntil: undefined, behind: false }
  const facts = { now, lastNotified: told[route.receiver], ...none, silences, inhibitions }
  return judge(MUTES, { news, route, routed: true }, facts)
}
