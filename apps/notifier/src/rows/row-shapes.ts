import { compiled, isObjectId, LAST_TIME, VIEW_SCHEMA } from '@quorate/contracts'
import { type TSchema, Type } from '@sinclair/typebox'
import { isLane, isPageKey, laneBegins, laneOf, laneOfKey } from './keys'
import { outboxRow, decisionPageRow } from './packed-rows'
import { type Codec, deadRow, groupBatchRow, groupRow, objectRow, decisionIndexRow } from './rows'
import { decodeRoomy } from './roomy-json'
import { isWithheldKey } from '../planning/withheld'

const TEXT = Type.String()
const COUNT = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
// Times of attempts have fractions.
const TIME = Type.Number({ minimum: -LAST_TIME, maximum: LAST_TIME })
const OBJECT_ID = Type.String({ format: 'object-id' })
const orNull = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()])
const may = <T extends TSchema>(schema: T) => Type.Optional(schema)

const STATE = orNull(TEXT)
const VIEW = orNull(VIEW_SCHEMA)
const CHANGE = Type.Object({
  kind: Type.Literal('change'),
  event: TEXT, type: TEXT, time: TIME, object: OBJECT_ID, state: STATE, cause: STATE, view: VIEW, previous: STATE, lasted: orNull(TIME),
  flapping: may(Type.Object({ phase: TEXT, changes: COUNT })),
  dependants: may(Type.Object({ objects: Type.Array(TEXT), total: COUNT })),
  repeat: may(COUNT), closes: may(TEXT),
}) // prettier-ignore
const GROUP = Type.Object({
  kind: Type.Literal('group'),
  event: TEXT, time: TIME, object: TEXT, labels: Type.Record(TEXT, TEXT), changes: Type.Array(CHANGE), total: COUNT,
}) // prettier-ignore
const NOTICE = Type.Object({
  kind: Type.Literal('notice'),
  event: TEXT, time: TIME, endpoint: TEXT, reason: TEXT, delivery: TEXT, object: TEXT,
}) // prettier-ignore
const DELIVERY = Type.Object({
  id: TEXT, endpoint: TEXT, receiver: TEXT, record: TEXT, message: Type.Union([CHANGE, GROUP, NOTICE]), plannedAt: TIME, attempts: COUNT,
  firstAttemptAt: orNull(TIME), nextAttemptAt: TIME, throttledUntil: may(TIME), done: may(Type.Array(TEXT)), together: may(TEXT),
  after: may(Type.Array(TEXT)),
}) // prettier-ignore
const TOLD = Type.Object({
  state: TEXT, since: TIME, event: TEXT, route: TEXT, lane: may(TEXT), open: may(Type.Boolean()), flapping: may(COUNT), repeatAt: may(TIME),
  repeats: may(COUNT), mutedBy: may(TEXT),
}) // prettier-ignore
const HELD = Type.Object({
  until: TIME,
  reason: TEXT,
  arrivedAt: TIME,
  decision: TEXT,
  receiver: may(TEXT),
  by: may(TEXT),
})
const OBJECT = Type.Object({
  incarnation: COUNT, revision: COUNT, told: Type.Record(TEXT, TOLD), held: Type.Record(TEXT, HELD), planned: COUNT,
  current: may(Type.Object({ state: STATE, from: STATE, cause: STATE, policy: STATE })),
  news: may(Type.Object({ object: OBJECT_ID, event: TEXT, incarnation: COUNT, revision: COUNT, type: TEXT, time: TIME, state: STATE, cause: STATE, view: VIEW })),
  trail: may(Type.Array(TEXT)), goneAt: may(TIME), closed: may(Type.Record(TEXT, Type.Object({ event: TEXT, times: COUNT }))),
}) // prettier-ignore
const GATHERING = Type.Object({
  closeAt: TIME, event: TEXT, endpoint: TEXT, channel: TEXT, receiver: TEXT, route: TEXT, labels: Type.Record(TEXT, TEXT),
  changes: Type.Array(CHANGE), total: COUNT, time: TIME, after: may(Type.Array(TEXT)),
}) // prettier-ignore
const DECISION = Type.Object({
  id: TEXT, object: TEXT, event: TEXT, time: TIME, state: STATE, previous: STATE, receiver: TEXT, route: STATE, endpoint: STATE, channel: STATE,
  status: TEXT, reason: STATE, by: may(STATE), within: may(TEXT), decidedAt: TIME, attempts: COUNT, nextAttemptAt: orNull(TIME), lastAttempt: orNull(Type.Object({ at: TIME, outcome: TEXT })),
  forgetAt: orNull(TIME),
}) // prettier-ignore

/** Whether a record of the changelog is a row of its table. */
type Fits = (key: string, value: Buffer) => boolean

/** Whether bytes are a row, and one of that key: whatever others write into the changelog does not become one. */
function fits<T, S extends TSchema>(
  codec: Pick<Codec<T>, 'decode'>,
  schema: S,
  isKey: (key: string, row: T) => boolean = () => true,
): Fits {
  const check = compiled(schema)
  return (key, value) => {
    try {
      const row = codec.decode(value)
      return check.Check(row) && isKey(key, row)
    } catch {
      return false
    }
  }
}

/** By the name of the table. */
export const ROW_FITS = {
  objects: fits(objectRow, OBJECT, (key, { news }) => isObjectId(key) && (news === undefined || news.object === key)),
  groups: fits(groupRow, Type.Object({ forgetAt: TIME, flushAt: may(TIME), flushedAt: may(TIME) })),
  gatherings: fits(groupBatchRow, GATHERING, (key, { endpoint }) => laneBegins(key, endpoint)),
  outbox: fits(outboxRow, DELIVERY, (key, { endpoint, message }) => laneOfKey(key) === laneOf(endpoint, message.object)),
  history: fits(decisionPageRow, Type.Object({ forgetAt: orNull(TIME), rows: Type.Array(DECISION) }), isPageKey),
  'by-object': fits(decisionIndexRow, Type.Object({ forgetAt: TIME, pages: Type.Array(TEXT) })),
  dead: fits(deadRow, Type.Object({ row: DELIVERY, diedAt: TIME, reason: TEXT, forgetAt: TIME }), (key, { row }) => key === row.id),
  withheld: isWithheldKey,
  standing: isLane,
  'in-force': fits({ decode: decodeRoomy }, Type.Object({ version: TEXT, endpoints: Type.Record(TEXT, Type.Array(TEXT)) })),
} satisfies Record<string, Fits> // prettier-ignore
