import type { OutRecord } from '@quorate/log'
import { fuzzing } from '@quorate/streams/testing'
import fc from 'fast-check'
import { Bench } from '../../testing/bench'
import { Sink, T0 } from '../../testing/changes'
import { RecordingChannel } from '../../testing/recording-channel'
import type { GroupMessage } from '../outbox/message'
import type { Routing } from '../pipeline'

type Given = Pick<OutRecord, 'key' | 'value'> & { readonly headers?: NonNullable<OutRecord['headers']> }
type Json = Record<string, unknown>

const rules: Routing = {
  receivers: [
    { name: 'ops', endpoints: [{ name: 'hook', channel: 'hook', settings: { endpoint: 'hook' } }, { name: 'mail', channel: 'mail', settings: { endpoint: 'mail' } }] },
    { name: 'later', endpoints: [{ name: 'later', channel: 'hook', settings: { endpoint: 'later' } }] },
  ],
  root: {
    receiver: 'ops', groupBy: [], groupWait: 0, groupInterval: 0, unknownAfter: 0, quiet: [],
    // Held: the change is kept in the object's row.
    routes: [{ receiver: 'later', groupBy: ['object'], groupWait: 3600, continue: true }, { receiver: 'ops' }],
  },
} // prettier-ignore

/** Stands for what JSON.stringify could not write. */
const DEEP = '@deep@'
const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
const tally = (states: number, length: number): Json =>
  Object.fromEntries(Array.from({ length: states }, (_, i) => [`s${i}`.padEnd(length, 'x'), i + 1]))

const odd: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom(
    null, '', -1, 1.5, 1e300, 2 ** 60, '\u0001', '\u0000', '__proto__', 'constructor', 'x'.repeat(5_000), '"'.repeat(400_000), 'é'.repeat(300_000),
    '\ud800', {}, [],
  ),
  fc.constant(DEEP),
  fc.record({ states: fc.constantFrom(63, 64, 65, 1_000, 9_000), length: fc.constantFrom(4, 64) }).map(({ states, length }) => tally(states, length)),
) // prettier-ignore

const MEMBERS = ['object', 'incarnation', 'version', 'revision', 'state', 'from', 'voted', 'since', 'decidedAt', 'cause', 'trigger', 'contested',
  'flapping', 'override', 'tally', 'participants', 'rule', 'policy', 'incident', 'unknown-member', '__proto__'] as const // prettier-ignore
const HEADERS = ['ce_id', 'ce_type', 'ce_time', 'ce_subject', 'ce_cause', 'ce_specversion'] as const

const bytes = fc.uint8Array({ maxLength: 300 }).map((given) => Buffer.from(given))
const header = fc.tuple(fc.oneof(fc.constantFrom<string>(...HEADERS), fc.string()), fc.oneof(bytes, fc.constantFrom('object.changed', 'object.deleted', 'observers.lost', 'observers.back', 'x@1.1', 'x@9999999999999999999.1', '2026-01-01', '+275760-09-13T00:00:00Z', 'vote').map((text) => Buffer.from(text)))) // prettier-ignore

const rubbish = fc.record({
  key: fc.option(bytes),
  value: fc.option(bytes),
  headers: fc.array(header, { maxLength: 8 }),
})

interface Mutation {
  readonly member: (typeof MEMBERS)[number]
  readonly value: unknown
  readonly header: readonly [string, Buffer] | null
}
const mutation: fc.Arbitrary<Mutation> = fc.record({
  member: fc.constantFrom(...MEMBERS),
  value: odd,
  header: fc.option(header, { freq: 5 }),
})

/** A change as the aggregator would write it, with one member and perhaps a header replaced. */
function mutated(sink: Sink, { member, value, header: replaced }: Mutation): Given {
  const record = sink.changed('fuzzed', 'down', T0)
  const view = { ...(JSON.parse(String(record.value)) as Json), [member]: value }
  const headers = (record.headers ?? []).filter(([name]) => name !== replaced?.[0])
  return {
    key: record.key!,
    value: JSON.stringify(view).replace(`"${DEEP}"`, deep),
    headers: replaced ? [...headers, replaced] : headers,
  }
}

type Piece =
  { readonly kind: 'rubbish'; readonly given: Given } | { readonly kind: 'mutated'; readonly mutation: Mutation }
const piece: fc.Arbitrary<Piece> = fc.oneof(
  rubbish.map((given): Piece => ({ kind: 'rubbish', given: given })),
  mutation.map((one): Piece => ({ kind: 'mutated', mutation: one })),
)

describe('whatever is in the sink', () => {
  let bench: Bench
  let sink: Sink
  const hook = new RecordingChannel('hook')
  const mail = new RecordingChannel('mail', true)
  let good = 0
  beforeEach(async () => {
    sink = new Sink()
    bench = await Bench.open(rules, hook, mail)
    bench.clock.moveTo(T0)
    await bench.start()
  })
  afterEach(async () => {
    hook.received.length = mail.received.length = 0
    await bench[Symbol.asyncDispose]()
  })

  /** Long enough for a group's message to be closed and sent. */
  const pass = async () => {
    for (let i = 0; i < 4; i++) await bench.advance(65)
  }

  /** Good changes go by: one of each partition. */
  async function goesOn(): Promise<void> {
    const objects = ['a', 'b', 'c', 'd'].map((name) => `good/${name}${good++}`)
    await bench.driver.pipe(...objects.map((object) => without(sink.changed(object, 'down', bench.clock.now()))))
    await bench.quiet()
    await pass()
    expect(bench.tasks().map(({ state, lag }) => [state, lag])).toEqual([['running', 0], ['running', 0]]) // prettier-ignore
    const told = hook.told('hook').filter((one) => one.startsWith('good/'))
    for (const object of objects) expect(told).toContain(`${object} ->down`)
    const mailed = mail.received.flatMap(({ message }) =>
      (message as GroupMessage).changes.map((change) => change.object),
    )
    for (const object of objects) expect(mailed).toContain(object)
  }
  const without = ({ topic: _, partition: __, ...record }: OutRecord): Given => record

  it('N49: no record stops a partition, and good ones are told', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { minLength: 1, maxLength: 8 }), async (pieces) => {
        await bench.driver.pipe(
          ...pieces.map((one) => (one.kind === 'rubbish' ? one.given : mutated(sink, one.mutation))),
        )
        await goesOn()
      }),
      { ...fuzzing(60), endOnFailure: true },
    )
  }, 3_600_000)

  it.each([
    ['9,000 states of 64 characters', { tally: { ...tally(9_000, 64), down: 1 } }],
    ['a reason of 400,000 characters', { override: { state: 'down', reason: '"'.repeat(300_000), author: 'é'.repeat(100_000), expiresAt: null, mode: 'pin' } }],
    ['a policy of 600,000 characters', { policy: 'p'.repeat(600_000) }],
    ['a policy of 257 characters', { policy: 'p'.repeat(257) }],
  ])('a huge alarm is told in a shortened form: %s', async (_, more) => {
    await bench.pipe(without(sink.changed('huge', 'down', T0, more as never)) as OutRecord)
    await bench.advance(60)
    expect(hook.told('hook')).toContain('huge ->down')
    const { view } = hook.received[0]!.message as unknown as { view: { tally: Json; policy: string } }
    expect(JSON.stringify(view).length).toBeLessThan(60_000)
    expect(Object.keys(view.tally).length).toBeLessThanOrEqual(64)
    expect(view.policy.length).toBeLessThanOrEqual(256)
    await goesOn()
    await bench.advance(3_600)
    expect(hook.told('later')).toContain('huge ->down')
  }) // prettier-ignore

  it('many large alarms of one group are one message, listed as far as they fit and counted', async () => {
    const large = { override: { state: 'down', reason: 'r'.repeat(4_000), author: 'a', expiresAt: null, mode: 'pin' } }
    const records = Array.from({ length: 150 }, (_, i) => ({
      ...sink.changed(`large/${i}`, 'down', T0, large as never),
      partition: 0,
    }))
    await bench.driver.pipe(...records.map(({ topic: _, ...record }) => record))
    await bench.quiet()
    await pass()
    const groups = mail.received.map(({ message }) => message as GroupMessage)
    expect(groups.reduce((sum, { total }) => sum + total, 0)).toBe(150)
    expect(groups[0]!.changes.length).toBeGreaterThan(20)
    expect(groups[0]!.changes.length).toBeLessThan(100)
    await goesOn()
  })
})
