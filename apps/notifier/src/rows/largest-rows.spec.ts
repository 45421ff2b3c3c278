import { isObjectId, LAST_TIME, LIMITS, messageBytesOf, type View } from '@quorate/contracts'
import { message } from '../../testing/messages'
import type { ChangeMessage, GroupMessage } from '../outbox/message'
import { laneObject } from '../outbox/group-batches'
import type { News } from '../pipeline'
import { outboxKey, pageKey, decisionIndexKey } from './keys'
import { outboxRow, decisionPageRow } from './packed-rows'
import { decodeRoomy, encodeRoomy } from './roomy-json'
import { ROW_FITS } from './row-shapes'
import {
  deadRow,
  type DeliveryRow,
  groupBatchRow,
  groupRow,
  objectRow,
  type ObjectRow,
  type OutboxRow,
  decisionIndexRow,
} from './rows'

const TIME = LAST_TIME
const COUNT = Number.MAX_SAFE_INTEGER
/** Each of its bytes takes two in JSON. */
const OBJECT = '"'.repeat(LIMITS.objectIdBytes)
const EVENT = `${OBJECT}@${COUNT}.${COUNT}`
const STATE = 's'.repeat(LIMITS.stateBytes)
/** A text of control characters: each takes six bytes in JSON. */
const escaped = (length: number) => '\u0001'.repeat(length)
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-'

/** Names of 64 characters that nothing compresses: a generator with a fixed seed. */
let seed = 7
function name(): string {
  let text = ''
  while (text.length < 64) text += ALPHABET[(seed = (seed * 48_271) % 2_147_483_647) % ALPHABET.length]
  return text
}
const names = (count: number) => Array.from({ length: count }, name)
const RECEIVERS = names(LIMITS.receivers)
const ENDPOINT = `${name()}/${name()}`
const POLICY = '"'.repeat(LIMITS.nameBytes)
/** A route without a name is known by its place: every level a number. */
const PATH = Array.from({ length: LIMITS.jsonDepth / 2 }, () => '399').join('.')
const LABELS = { policy: POLICY }
const LANE = laneObject(PATH, LABELS)
const CAUSE = `silence/${name()}/${name()}`
const REF = `${pageKey(0, 9_999)}/msg_${'r'.repeat(32)}`

/** The largest that the aggregator emits, and that is sent as it is (docs/spec/notify.md, "Sizes"). */
const VIEW: View = {
  ...message(OBJECT).view!,
  object: OBJECT,
  state: STATE,
  from: STATE,
  voted: STATE,
  override: { state: STATE, reason: escaped(4_096), author: escaped(4_096), expiresAt: TIME, mode: 'until-agree' },
  tally: Object.fromEntries(
    Array.from({ length: LIMITS.talliedStates }, (_, i) => [String(i).padStart(LIMITS.stateBytes, 's'), COUNT]),
  ),
  tallyRest: { states: COUNT, weight: COUNT },
  trigger: { type: escaped(256), agent: escaped(256), seq: COUNT, offset: COUNT },
  rule: escaped(256),
  policy: escaped(256),
  incident: escaped(512),
}
const CHANGE: ChangeMessage = {
  ...message(OBJECT),
  event: `${EVENT}/back-${COUNT}/repeat-${COUNT}`,
  time: TIME,
  object: OBJECT,
  state: STATE,
  previous: STATE,
  lasted: TIME,
  view: VIEW,
  flapping: { phase: 'settled', changes: COUNT },
  dependants: { objects: Array.from({ length: 100 }, () => OBJECT), total: COUNT },
  repeat: COUNT,
  closes: 'ended',
}
const small = { ...message('x'), view: null }
const jsonBytes = (value: unknown) => Buffer.byteLength(JSON.stringify(value))

/** As many changes as a message lists, with the largest first. */
const CHANGES: ChangeMessage[] = [CHANGE, { ...small, event: 'e'.repeat(LIMITS.groupBytes - jsonBytes(CHANGE) - jsonBytes(small)) }] // prettier-ignore
const BEHIND = Array.from({ length: 28 }, (_, i) => outboxKey(ENDPOINT, OBJECT, i))
const GROUP: GroupMessage = {
  kind: 'group',
  event: `${EVENT}/group:${PATH}`,
  time: TIME,
  object: LANE,
  labels: LABELS,
  changes: CHANGES,
  total: COUNT,
}
const DELIVERY: OutboxRow = {
  id: `msg_${'r'.repeat(32)}`,
  endpoint: ENDPOINT,
  receiver: RECEIVERS[0]!,
  record: REF,
  message: GROUP,
  plannedAt: TIME,
  attempts: COUNT,
  firstAttemptAt: TIME,
  nextAttemptAt: TIME,
  throttledUntil: TIME,
  done: Array.from({ length: 50 }, () => 'a'.repeat(320)),
  together: `msg_${'r'.repeat(32)}`,
  after: BEHIND,
}
const TEXT = escaped(LIMITS.attemptTextBytes)
const DECISION: DeliveryRow = {
  id: `msg_${'r'.repeat(32)}`,
  object: OBJECT,
  event: CHANGE.event,
  time: TIME,
  state: STATE,
  previous: STATE,
  receiver: RECEIVERS[0]!,
  route: PATH,
  endpoint: ENDPOINT,
  channel: 'alertmanager',
  status: 'suppressed',
  reason: TEXT,
  by: CAUSE,
  within: `msg_${'r'.repeat(32)}`,
  decidedAt: TIME,
  attempts: COUNT,
  nextAttemptAt: TIME,
  lastAttempt: { at: TIME, outcome: TEXT, status: 599, excerpt: TEXT, note: TEXT },
  forgetAt: TIME,
}
const NEWS: News = {
  object: OBJECT,
  event: EVENT,
  incarnation: COUNT,
  revision: COUNT,
  type: 'object.changed',
  time: TIME,
  state: STATE,
  cause: 'override',
  view: VIEW,
}
/**
 * Sent to every receiver that can be configured, waiting on every route, and closed at as many receivers that are gone.
 */
const WHOLE: ObjectRow = {
  incarnation: COUNT,
  revision: COUNT,
  current: { state: STATE, from: STATE, cause: 'override', policy: POLICY },
  told: Object.fromEntries(
    RECEIVERS.map((receiver) => [
      receiver,
      { state: STATE, since: TIME, event: EVENT, at: TIME, route: name(), lane: LANE, open: true, flapping: COUNT, repeatAt: TIME, repeats: COUNT, mutedBy: CAUSE },
    ]),
  ),
  held: Object.fromEntries(
    names(LIMITS.routes).map((route, i) => [
      route,
      { until: TIME, reason: 'group-interval', arrivedAt: TIME, decision: `${pageKey(0, i)}/dec_${name().slice(0, 32)}`, receiver: RECEIVERS[i % LIMITS.receivers]!, by: CAUSE },
    ]),
  ),
  closed: Object.fromEntries(names(LIMITS.receivers).map((receiver) => [receiver, { event: EVENT, times: COUNT }])),
  news: NEWS,
  planned: COUNT,
  trail: Array.from({ length: 24 }, (_, i) => pageKey(TIME, i)),
  goneAt: TIME,
} // prettier-ignore
const IN_FORCE = {
  version: 'v'.repeat(64),
  endpoints: Object.fromEntries(RECEIVERS.map((one) => [one, names(32).map((endpoint) => `${one}/${endpoint}`)])),
}

/** The largest row of each kind, with its key. A table without one here does not compile. */
const LARGEST: Readonly<Record<keyof typeof ROW_FITS, readonly [key: string, value: Buffer]>> = {
  objects: [OBJECT, objectRow.encode(WHOLE)],
  groups: [`${name()}\u0001${OBJECT}\u0001${POLICY}`, groupRow.encode({ flushAt: TIME, flushedAt: TIME, forgetAt: TIME })],
  gatherings: [
    `${ENDPOINT}\u0001${LANE}`,
    groupBatchRow.encode({ closeAt: TIME, event: GROUP.event, endpoint: ENDPOINT, channel: 'email', receiver: RECEIVERS[0]!, route: PATH, labels: LABELS, changes: CHANGES, total: COUNT, time: TIME, after: BEHIND }),
  ],
  outbox: [outboxKey(ENDPOINT, LANE, 999_999_999_999), outboxRow.encode(DELIVERY)],
  history: [pageKey(0, 9_999), decisionPageRow.encode({ forgetAt: TIME, rows: Array.from({ length: 16 }, () => DECISION) })],
  'by-object': [decisionIndexKey(OBJECT, pageKey(0, 1)), decisionIndexRow.encode({ forgetAt: TIME, pages: WHOLE.trail! })],
  dead: [DELIVERY.id, deadRow.encode({ row: DELIVERY, diedAt: TIME, reason: TEXT, forgetAt: TIME })],
  withheld: [`${CAUSE}\u0001${OBJECT}`, Buffer.alloc(0)],
  standing: [`${ENDPOINT}\u0001${OBJECT}`, Buffer.alloc(LIMITS.rowBytes)],
  'in-force': ['routing', encodeRoomy(IN_FORCE)],
} // prettier-ignore

describe('the largest row of each kind', () => {
  it('is made of what the limits admit', () => {
    expect(isObjectId(OBJECT)).toBe(true)
    expect(jsonBytes(BEHIND)).toBeLessThanOrEqual(LIMITS.groupBehindBytes)
    expect(jsonBytes(CHANGES)).toBeGreaterThan(LIMITS.groupBytes - 100)
    expect(new Set(RECEIVERS).size).toBe(LIMITS.receivers)
    // What they would be without compression.
    expect(jsonBytes(WHOLE)).toBeGreaterThan(LIMITS.rowBytes)
    expect(jsonBytes(IN_FORCE)).toBeGreaterThan(LIMITS.rowBytes)
  })

  it.each(Object.entries(LARGEST))('fits, and its record fits in the changelog: %s', (table, [key, value]) => {
    expect(ROW_FITS[table as keyof typeof ROW_FITS](key, value)).toBe(true)
    expect(value.length).toBeLessThanOrEqual(LIMITS.rowBytes)
    const whole = `${table}/${key}`
    expect(Buffer.byteLength(whole)).toBeLessThanOrEqual(LIMITS.rowKeyBytes)
    expect(messageBytesOf({ key: whole, value })).toBeLessThanOrEqual(LIMITS.messageBytes)
  })

  it('comes back whole where it is compressed', () => {
    expect(objectRow.decode(LARGEST.objects[1])).toEqual(WHOLE)
    expect(decodeRoomy(LARGEST['in-force'][1])).toEqual(IN_FORCE)
  })
})

describe('a row that is compressed where it would not fit', () => {
  const text = (bytes: number) => 'x'.repeat(bytes - 2)
  it('is plain JSON up to the limit, and compressed beyond it', () => {
    const fits = encodeRoomy(text(LIMITS.rowBytes))
    expect([fits.length, fits[0]]).toEqual([LIMITS.rowBytes, 0x22])
    const larger = encodeRoomy(text(LIMITS.rowBytes + 1))
    expect(larger.length).toBeLessThan(LIMITS.rowBytes)
    expect([decodeRoomy(fits), decodeRoomy(larger)]).toEqual([text(LIMITS.rowBytes), text(LIMITS.rowBytes + 1)])
  })

  it('is no row where it inflates without bound', () => {
    const bomb = encodeRoomy(text(64 * LIMITS.rowBytes))
    expect(ROW_FITS['in-force']('routing', bomb)).toBe(false)
  })
})
