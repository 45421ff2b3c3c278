import { Type } from '@sinclair/typebox'
import { closed, COUNT, OBJECT_TEXT, oneOf, orNull, type Shape, TEXT, WHEN } from '../shape'
import { CAUSES } from '../view'

/** Data of the event `object.deleted` in the stream of states. */
export const DELETED_OBJECT = closed(
  { object: OBJECT_TEXT, incarnation: COUNT, revision: COUNT, time: WHEN, cause: orNull(oneOf(CAUSES)) },
  { $id: 'DeletedObject' },
)
export type DeletedObject = Shape<typeof DELETED_OBJECT>

/**
 * Data of `observers.lost` and `observers.back` (docs/spec/vote.md, 10). All but `id` and `time` are absent when they
 * are back.
 */
export const OBSERVERS_EVENT = closed(
  {
    id: TEXT,
    time: WHEN,
    partition: Type.Optional(COUNT),
    incident: Type.Optional(TEXT),
    stale: Type.Optional(COUNT),
    known: Type.Optional(COUNT),
    since: Type.Optional(WHEN),
  },
  { $id: 'ObserversEvent' },
)
export type ObserversEvent = Shape<typeof OBSERVERS_EVENT>
