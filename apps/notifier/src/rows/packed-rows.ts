import { packing } from './columns'
import type { ChangeMessage, Message } from '../outbox/message'
import { packView, unpackView } from './packed-views'
import { pageOf, refOf } from '../decisions/record-ref'
import type { Codec, DeliveryRow, OutboxRow, DecisionPageRow } from './rows'

const changes = packing<ChangeMessage>({
  kind: 'must', event: 'must', type: 'must', time: 'must', object: 'must', state: 'must', cause: 'must', view: 'must', previous: 'must',
  lasted: 'must', flapping: 'may', dependants: 'may', repeat: 'may', closes: 'may',
}) // prettier-ignore

const deliveries = packing<OutboxRow>({
  id: 'must', endpoint: 'must', receiver: 'must', record: 'must', message: 'must', plannedAt: 'must', attempts: 'must',
  firstAttemptAt: 'must', nextAttemptAt: 'must', throttledUntil: 'may', done: 'may', together: 'may', after: 'may',
}) // prettier-ignore

const decisions = packing<DeliveryRow>({
  id: 'must', object: 'must', event: 'must', time: 'must', state: 'must', previous: 'must', receiver: 'must', route: 'must',
  endpoint: 'must', channel: 'must', status: 'must', reason: 'must', by: 'may', within: 'may', decidedAt: 'must', attempts: 'must', nextAttemptAt: 'must',
  lastAttempt: 'must', forgetAt: 'must',
}) // prettier-ignore

/** A change is a list, what there is seldom is the object itself. */
function packMessage(message: Message): unknown {
  return message.kind === 'change' ? changes.pack(packView(message)) : message
}

function unpackMessage(cell: unknown): Message {
  return Array.isArray(cell) ? unpackView(changes.unpack(cell)) : (cell as Message)
}

const text = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))
const parse = (bytes: Buffer): unknown => JSON.parse(bytes.toString('utf8'))

/** What is to be sent. The record's id is the delivery's: only the page is written. */
export const outboxRow: Codec<OutboxRow> = {
  encode: (row) =>
    text(deliveries.pack({ ...row, record: pageOf(row.record), message: packMessage(row.message) as never })),
  decode(bytes) {
    const row = deliveries.unpack(parse(bytes) as unknown[])
    return { ...row, record: refOf(row.record, row.id), message: unpackMessage(row.message) }
  },
}

/** Decisions of one moment. */
export const decisionPageRow: Codec<DecisionPageRow> = {
  encode: ({ forgetAt, rows }) => text([forgetAt, rows.map((row) => decisions.pack(row))]),
  decode(bytes) {
    const [forgetAt, rows] = parse(bytes) as [number | null, unknown[][]]
    return { forgetAt, rows: rows.map((row) => decisions.unpack(row)) }
  },
}
