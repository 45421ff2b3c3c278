import type { ObjectId, State, View } from '@quorate/contracts'
import type { ChangeMessage, GroupMessage, Message, NoticeMessage } from '../outbox/message'

/** Messages to try templates on: one of each sort. */
export const SAMPLES = {
  change: (now: number): Message => changed('site/paris/router-1', 'down', now),
  recovery: (now: number): Message => changed('site/paris/router-1', 'up', now, { previous: 'down', lasted: 754_000 }),
  override: (now: number): Message => overridden(now),
  deletion: (now: number): Message => ({
    ...changed('site/paris/router-1', 'down', now), type: 'object.deleted', state: null, view: null, cause: 'deleted',
  }), // prettier-ignore
  group: (now: number): Message => grouped(now),
  notice: (now: number): NoticeMessage => ({
    kind: 'notice', event: 'msg_sample/http-410', time: now, endpoint: 'ops', reason: 'http-410', delivery: 'msg_sample', object: 'site/paris/router-1',
  }), // prettier-ignore
} as const satisfies Record<string, (now: number) => Message>
export type SampleName = keyof typeof SAMPLES

function changed(
  object: ObjectId,
  state: State,
  now: number,
  more: Partial<ChangeMessage> = {},
  of: Partial<View> = {},
): ChangeMessage {
  const from = state === 'up' ? 'down' : 'up'
  const view: View = {
    object, incarnation: 1, version: 4, revision: 4, state, from, voted: state, since: now, decidedAt: now, cause: 'vote',
    trigger: { type: 'report', agent: 'probe-berlin', offset: 4711 }, contested: false, stale: false, flapping: false, divergent: false,
    override: null, tally: { [state]: 4, [from]: 1 }, participants: 5, electorate: 6, quorum: 4, rule: 'majority', policy: 'network',
    incident: null, ...of,
  } // prettier-ignore
  return {
    kind: 'change', event: `${object}@1.4`, type: 'object.changed', time: now, object, state, cause: view.cause, view, previous: from,
    lasted: 7_512_000, ...more,
  } // prettier-ignore
}

function overridden(now: number): Message {
  const override = {
    state: 'up', reason: 'The link is being replaced; traffic takes the other one.', author: 'ann', expiresAt: now + 7_200_000, mode: 'pin' as const,
  } // prettier-ignore
  const of = { override, divergent: true, voted: 'down', tally: { down: 4, up: 1 }, cause: 'override' as const }
  return changed('site/paris/router-1', 'up', now, { cause: 'override', lasted: 754_000 }, of)
}

function grouped(now: number): GroupMessage {
  const changes = Array.from({ length: 12 }, (_, i) =>
    changed(`site/${['paris', 'berlin', 'rome'][i % 3]}/router-${i + 1}`, i % 4 === 3 ? 'up' : 'down', now - i * 800, {
      lasted: 60_000 * (i + 1),
    }),
  )
  return {
    kind: 'group',
    event: 'group/network@1',
    time: now,
    object: 'network',
    labels: { policy: 'network' },
    changes,
    total: 500,
  }
}
