import type { ObjectId, View } from '@quorate/contracts'
import { decide } from './decide'
import type { VoteState } from './port'
import { loaded } from './report'
import { viewOf } from './view'

/** The object as last evaluated; null if it does not exist. Does not advance time: `Fold.advance` does. */
export function look(state: VoteState, id: ObjectId): View | null {
  const object = loaded(state, id, state.clock.time)
  return object === undefined ? null : viewOf(object, decide(object, state.settings))
}
