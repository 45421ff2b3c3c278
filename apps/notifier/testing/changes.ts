import { type Change, encodeChange, eventId, type State, type View } from '@quorate/contracts'
import type { OutRecord } from '@quorate/log'

const SOURCE = '/quorate/aggregator'
export const T0 = 1_700_000_000_000

/** A view as the aggregator would emit it. */
export function view(object: string, state: State, more: Partial<View> = {}): View {
  return {
    object, incarnation: 0, version: 1, revision: 1, state, from: 'unknown', voted: state, since: T0, decidedAt: T0, cause: 'vote',
    trigger: { type: 'report', agent: 'agent-1', offset: 7 }, contested: false, stale: false, flapping: false, divergent: false,
    override: null, tally: { [state]: 2 }, participants: 3, electorate: 3, quorum: 2, rule: 'majority', policy: 'default', incident: null,
    ...more,
  } // prettier-ignore
}

/** The sink of an aggregator: numbers the changes of each object as it would. */
export class Sink {
  private readonly last = new Map<string, View>()

  /** The object changes to `state` at `at` ms. */
  changed(object: string, state: State, at: number, more: Partial<View> = {}): OutRecord {
    const before = this.last.get(object)
    const next = view(object, state, {
      from: before?.state ?? 'unknown',
      version: (before?.version ?? 0) + 1,
      revision: (before?.revision ?? 0) + 1,
      incarnation: before?.incarnation ?? 0,
      since: at,
      decidedAt: at,
      ...more,
    })
    return this.emit('object.changed', next, at)
  }

  /** A mark of it changes, its state does not. */
  updated(object: string, at: number, more: Partial<View>): OutRecord {
    const before = this.last.get(object)!
    return this.emit('object.updated', { ...before, revision: before.revision + 1, ...more }, at)
  }

  deleted(object: string, at: number): OutRecord {
    const before = this.last.get(object)!
    this.last.set(object, { ...before, incarnation: before.incarnation + 100, version: 0, revision: 0 })
    const id = eventId(object, before.incarnation, before.revision + 1)
    return record({ type: 'object.deleted', id, time: at, subject: object, data: null, cause: 'deleted' })
  }

  private emit(type: Change['type'], next: View, at: number): OutRecord {
    this.last.set(next.object, next)
    return record({
      type,
      id: eventId(next.object, next.incarnation, next.revision),
      time: at,
      subject: next.object,
      data: next,
    })
  }
}

function record(change: Change): OutRecord {
  return { topic: '', partition: 0, ...encodeChange(change, SOURCE) }
}
