import { LIMITS } from '@quorate/contracts'
import type { EndpointSettings, RetiredEndpoint, Route, Told } from '../pipeline'
import { note } from './considering'
import type { Desk, Draft } from './plan-context'
import { earlier, follow } from './dispatch'
import { inForceIn } from './in-force'
import type { ChangeMessage } from '../outbox/message'
import { plan } from '../outbox/plan'

/** Closes what is open at endpoints that are taken away, where they can still be told; a decision says where they cannot. */
export function closeAt(desk: Desk, draft: Draft, route: Route, told: Told, endpoints: readonly string[]): void {
  const { receiver } = route
  for (const name of endpoints) {
    const retired = desk.directions.retired.get(name)
    if (retired && retired.until > desk.now) planClosing(desk, draft, route, told, retired)
    else note(desk, draft, route, { verdict: 'suppress', reason: 'endpoint-removed' }, { endpoint: name })
  }
  if (endpoints.length === 0) return
  const before = draft.closed[receiver]
  // The latest is the last of them; of more receivers than can be configured the earliest are forgotten.
  delete draft.closed[receiver]
  draft.closed[receiver] = { event: told.event, times: before?.event === told.event ? before.times + 1 : 1 }
  for (const name of Object.keys(draft.closed).slice(0, -LIMITS.receivers)) delete draft.closed[name]
}

/** The endpoints of a receiver that is taken away, as far as they can still be told. Those that had gone before it have been closed. */
export function retiredOf({ tables, directions, now }: Desk, receiver: string): readonly string[] {
  const last = inForceIn(tables)?.endpoints[receiver] ?? []
  return last.filter((name) => (directions.retired.get(name)?.until ?? 0) > now)
}

function planClosing(desk: Desk, draft: Draft, route: Route, told: Told, endpoint: RetiredEndpoint): void {
  const { object } = draft.news
  const message: ChangeMessage = {
    kind: 'change',
    // Another one each time that it is opened and taken away.
    event: `${told.event}/removed-${draft.number}`,
    type: 'object.changed',
    time: desk.now,
    object,
    state: null,
    cause: null,
    view: null,
    previous: told.state,
    lasted: Math.max(0, desk.now - told.since),
    closes: 'removed',
  }
  const { name, channel, settings } = endpoint
  const receiver = { name: endpoint.receiver, endpoints: [{ name, channel, settings }] }
  const after = (one: EndpointSettings) => earlier(desk, draft, endpoint.receiver, one, undefined)
  const planned = plan(desk.tables, { receiver, route, message, now: desk.now, number: draft.number, after })
  draft.number += planned.length
  desk.planned.push(...planned)
  for (const { row } of planned) follow(desk, draft, row.record)
}
