import type { View } from '@quorate/contracts'
import type { Outcome, Sender } from '../channels'
import { remedyOf } from '../courier/remedies'
import { deliveryId } from '../outbox/delivery-keys'
import type { ChangeMessage } from '../outbox/message'

/** No object of an aggregator: what is told of it changes nothing. */
const OBJECT = 'quorate/test'

/** What came of one test message. */
export interface Tested {
  readonly endpoint: string
  readonly message: 'alarm' | 'recovery'
  /** `delivered`, or why not. */
  readonly outcome: string
  readonly status?: number
  readonly excerpt?: string
  /** What else there is to know: a template that failed. */
  readonly note?: string
  /** What can be done where it was not delivered. */
  readonly remedy?: string
}

/** Sends an alarm and its end, past the outbox: nothing stays open with whoever keeps incidents. */
export async function sendTest(endpoint: string, sender: Sender, author: string, now: number): Promise<Tested[]> {
  const items: Tested[] = []
  for (const message of ['alarm', 'recovery'] as const) {
    const change = message === 'alarm' ? changeOf('down', 'up', 1, author, now) : changeOf('up', 'down', 2, author, now)
    const id = deliveryId(change.event, endpoint)
    const outcome = await sender.send({ id, message: change, attempt: 1, at: now })
    items.push(testedOf(endpoint, message, outcome))
    if (outcome.kind !== 'delivered') break
  }
  return items
}

function testedOf(endpoint: string, message: Tested['message'], outcome: Outcome): Tested {
  const { status, excerpt, note } = outcome
  return {
    endpoint,
    message,
    outcome: outcome.kind === 'delivered' ? 'delivered' : outcome.reason,
    ...(status === undefined ? {} : { status }),
    ...(excerpt === undefined ? {} : { excerpt }),
    ...(note === undefined ? {} : { note }),
    ...(outcome.kind === 'delivered' ? {} : { remedy: remedyOf(outcome.reason) }),
  }
}

function changeOf(state: string, from: string, version: number, author: string, now: number): ChangeMessage {
  const override = { state, reason: 'this is a test of the notifier', author, expiresAt: null, mode: 'pin' } as const
  const view: View = {
    object: OBJECT, incarnation: now, version, revision: version, state, from, voted: from, since: now, decidedAt: now, cause: 'override',
    trigger: null, contested: false, stale: false, flapping: false, divergent: true, override, tally: {}, participants: 0, electorate: 0,
    quorum: 0, rule: null, policy: 'default', incident: null,
  } // prettier-ignore
  return {
    kind: 'change', event: `${OBJECT}@${now}.${version}`, type: 'object.changed', time: now, object: OBJECT, state, cause: 'override', view,
    previous: from, lasted: null,
  } // prettier-ignore
}
