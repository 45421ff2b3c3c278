import type { View } from '@quorate/contracts'
import { packing } from './columns'
import type { ChangeMessage, Message } from './message'
import { pageOf, refOf } from './record-ref'
import type { Codec, DeliveryRow, OutboxRow, PageRow } from './rows'

const views = packing<View>({
  object: 'must', incarnation: 'must', version: 'must', revision: 'must', state: 'must', from: 'must', voted: 'must', since: 'must',
  decidedAt: 'must', cause: 'must', trigger: 'must', contested: 'must', stale: 'must', flapping: 'must', divergent: 'must',
  override: 'must', tally: 'must', participants: 'must', electorate: 'must', quorum: 'must', rule: 'must', policy: 'must', incident: 'must',
  // Behind what was there before it: rows of earlier versions end there.
  tallyRest: 'may',
}) // prettier-ignore

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
  if (message.kind !== 'change') return message
  const { view } = message
  return changes.pack({ ...message, view: view && (views.pack(view) as never) })
}

function unpackMessage(cell: unknown): Message {
  if (!Array.isArray(cell)) return cell as Message
  const message = changes.unpack(cell)
  const cells = message.view as unknown
  return Array.isArray(cells) ? { ...message, view: views.unpack(cells) } : message
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
export const pageRow: Codec<PageRow> = {
  encode: ({ forgetAt, rows }) => text([forgetAt, rows.map((row) => decisions.pack(row))]),
  decode(bytes) {
    const [forgetAt, rows] = parse(bytes) as [number | null, unknown[][]]
    return { forgetAt, rows: rows.map((row) => decisions.unpack(row)) }
  },
}
