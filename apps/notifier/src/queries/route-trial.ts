import type { RouteTrial, State, View } from '@quorate/contracts'
import {
  causeName,
  type Directions,
  type Explained,
  judge,
  type News,
  STAGES,
  type Subject,
  type LastNotified,
} from '../pipeline'

export interface TrialInput extends Subject {
  readonly flapping: boolean
  /** What the receivers were last told of the object; undefined: nothing. */
  readonly told: State | undefined
}

/** Who would be told of a change now, and why; nothing is written. Judged as the first change of its group. */
export function tryRoutes(directions: Directions, input: TrialInput, now: number): RouteTrial[] {
  const news = newsOf(input, now)
  return directions.router.explain(input).map((explained) => answerOf(directions, explained, news, input.told, now))
}

function answerOf(
  { receivers, silences, inhibitions }: Directions,
  { route, via }: Explained,
  news: News,
  state: State | undefined,
  now: number,
): RouteTrial {
  const lastNotified: LastNotified | undefined =
    state === undefined ? undefined : { state, since: now, event: '', at: now, route: route.id }
  const facts = { now, lastNotified, group: undefined, arrivedAt: now, waitedUntil: undefined, behind: false }
  const verdict = judge(STAGES, { news, route, routed: true }, { ...facts, silences, inhibitions })
  return {
    receiver: route.receiver,
    route: route.path,
    via: via.map(({ path, match }) => ({ route: path, match })),
    endpoints: receivers.get(route.receiver)!.endpoints.map(({ name, channel }) => ({ name, channel })),
    decision: verdict.verdict === 'pass' ? 'sent' : verdict.verdict === 'hold' ? 'held' : 'suppressed',
    reason: verdict.verdict === 'pass' ? null : verdict.reason,
    by: verdict.verdict === 'hold' && verdict.by !== undefined ? causeName(verdict.by) : null,
    heldFor: verdict.verdict === 'hold' ? (verdict.until - now) / 1000 : null,
  }
}

/** A change as the sink would have it; what is not asked about is as usual. */
function newsOf({ object, state, from, cause, policy, flapping }: TrialInput, now: number): News {
  const view =
    state === null ? null : ({ object, state, from, cause, policy, flapping, since: now, decidedAt: now } as View)
  const event = `${object}@0.0`
  return { object, event, incarnation: 0, revision: 0, type: view ? 'object.changed' : 'object.deleted', time: now, state, cause, view } // prettier-ignore
}
