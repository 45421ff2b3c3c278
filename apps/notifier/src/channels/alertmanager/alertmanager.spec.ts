import { LIMITS } from '@quorate/contracts'
import { silentLogger } from '@quorate/log'
import { T0 } from '../../../testing/changes'
import { message, notice } from '../../../testing/messages'
import { Receiver } from '../../../testing/receiver'
import type { Message } from '../../outbox/message'
import type { Sender } from '../channel'
import { alertmanager } from './channel'

interface Posted {
  readonly labels: Record<string, string>
  readonly annotations: Record<string, string>
  readonly startsAt: string
  readonly endsAt: string
}
const iso = (ms: number) => new Date(ms).toISOString()
let now = T0
let receiver: Receiver
let sender: Sender
const open = (more: object = {}) => {
  const settings = { url: `http://127.0.0.1:${receiver.port}/`, allowAddresses: ['127.0.0.1'], endsAfter: 300, ...more }
  sender = alertmanager.open(settings, { logger: silentLogger, now: () => now, baseUrl: 'https://q' })
}
const bodies = () => receiver.received.map(({ raw }) => JSON.parse(raw) as Posted[])
/** As the courier does it: what stands is handed back once it is committed. */
const tell = async (of: Message) => {
  const outcome = await sender.send({ id: 'm', message: of, attempt: 1, at: now })
  expect(outcome.kind).toBe('delivered')
  const standing = outcome.kind === 'delivered' ? outcome.activeAlert : undefined
  if (of.kind === 'change') sender.activeAlerts!.put(0, of.object, standing)
  return { posted: bodies().at(-1)!, standing }
}

beforeEach(async () => {
  now = T0
  receiver = await Receiver.listen()
})
afterEach(async () => {
  await sender.close()
  await receiver.close()
})

it('fires with an end that lies ahead, and ends the same alert', async () => {
  open({ labels: { team: 'network' } })
  const { posted, standing } = await tell(message('site/x'))
  expect(receiver.received[0]!.path).toBe('/api/v2/alerts')
  expect(posted).toEqual([
    expect.objectContaining({
      labels: { team: 'network', alertname: 'QuorateState', object: 'site/x', state: 'down', severity: 'critical' },
      annotations: expect.objectContaining({ summary: expect.stringContaining('site/x is down'), policy: 'default' }),
      startsAt: iso(T0),
      endsAt: iso(T0 + 300_000),
      generatorURL: 'https://q/v1/objects/site%2Fx',
    }),
  ])
  expect(JSON.parse(standing!)).not.toHaveProperty('endsAt')
  now += 60_000
  const ended = await tell(message('site/x', { state: 'up', previous: 'down' }))
  expect(ended.posted).toEqual([{ ...posted[0], endsAt: iso(now) }])
  expect(ended.standing).toBeUndefined()
})

it('ends one alert and fires another when a bad state follows a bad one', async () => {
  open()
  await tell(message('site/x'))
  const { posted } = await tell(message('site/x', { state: 'unknown', previous: 'down' }))
  expect(posted.map(({ labels, endsAt }) => [labels['state'], endsAt])).toEqual([
    ['down', iso(now)],
    ['unknown', iso(now + 300_000)],
  ])
})

it('ends what a crash made it forget, by what the receiver was told last', async () => {
  open()
  const { posted } = await tell(message('site/x', { state: 'up', previous: 'down', lasted: 90_000 }))
  expect(posted).toEqual([
    expect.objectContaining({
      labels: expect.objectContaining({ object: 'site/x', state: 'down' }),
      startsAt: iso(T0 - 90_000),
      endsAt: iso(T0),
    }),
  ])
})

it('has flapping as a state of its own, and ends it when the object has settled', async () => {
  open()
  const began = await tell(message('x', { state: 'up', flapping: { phase: 'began', changes: 6 } }))
  expect(began.posted[0]!.labels['state']).toBe('flapping')
  const { posted } = await tell(message('x', { state: 'up', flapping: { phase: 'settled', changes: 9 } }))
  expect([posted.length, posted[0]!.labels['state'], posted[0]!.endsAt]).toEqual([1, 'flapping', iso(now)])
})

it('says nothing that stands of a notice', async () => {
  open()
  const { posted, standing } = await tell(notice)
  expect([posted[0]!.labels['alertname'], standing]).toEqual(['QuorateEndpointFailed', undefined])
})

describe('telling again', () => {
  beforeEach(() => jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'performance'] }))
  afterEach(() => jest.useRealTimers())
  const arrived = async (count: number) => {
    while (receiver.received.length < count) await new Promise(setImmediate)
  }

  it('tells what stands with a new end before the old one, in batches, until it ends', async () => {
    open({ resendInterval: 60 })
    const { standing } = await tell(message('site/x'))
    for (let i = 0; i < 99; i++) sender.activeAlerts!.put(1, `site/${i}`, standing)
    now += 60_000
    jest.advanceTimersByTime(60_000)
    await arrived(3)
    expect(
      bodies()
        .slice(1)
        .map((alerts) => alerts.length),
    ).toEqual([64, 36])
    for (const { endsAt } of bodies().slice(1).flat()) expect(endsAt).toBe(iso(now + 300_000))
    sender.activeAlerts!.drop(1)
    sender.activeAlerts!.put(0, 'site/x', undefined)
    jest.advanceTimersByTime(600_000)
    await new Promise(setImmediate)
    expect(receiver.received).toHaveLength(3)
  })

  it('goes on with what the store has after a restart, and after a failure', async () => {
    open({ resendInterval: 60 })
    const standing = JSON.stringify({
      labels: { alertname: 'QuorateState', object: 'x', state: 'down' },
      annotations: {},
      startsAt: iso(T0),
    })
    sender.activeAlerts!.put(0, 'x', standing)
    receiver.answer = (_, number) => ({ status: number === 1 ? 500 : 200 })
    jest.advanceTimersByTime(60_000)
    await arrived(1)
    // The failed request has to end before the next can begin.
    for (let i = 0; i < 50; i++) await new Promise(setImmediate)
    jest.advanceTimersByTime(60_000)
    await arrived(2)
    expect(bodies()[1]![0]!.labels['object']).toBe('x')
  })
})

it('wants ends that outlast a failed telling, and tokens by reference', () => {
  const check = (more: object) => alertmanager.check!({ url: 'http://am:9093', ...more }).map(({ pointer }) => pointer)
  expect(check({})).toEqual([])
  expect(check({ resendInterval: 60, endsAfter: 100 })).toEqual(['/endsAfter'])
  expect(check({ bearerToken: 'open', labels: { 'not-a-label': 'x' } })).toEqual(
    expect.arrayContaining(['/bearerToken']),
  )
})

it('keeps an alert that fits in a row, and sends a larger one once, with a note', async () => {
  open()
  const { standing } = await tell(message('site/x'))
  const room = LIMITS.rowBytes - Buffer.byteLength(standing!) - ',"team":""'.length + '""'.length
  for (const [bytes, fits] of [
    [room - 2, true],
    [room - 1, false],
  ] as const) {
    await sender.close()
    open({ labels: { team: 't'.repeat(bytes) } })
    const outcome = await sender.send({ id: 'm', message: message('site/x'), attempt: 1, at: now })
    expect(outcome).toMatchObject({ kind: 'delivered' })
    expect(outcome.kind === 'delivered' && outcome.activeAlert !== undefined).toBe(fits)
    expect(outcome.note).toEqual(fits ? undefined : expect.stringMatching(/^alert-too-large: /))
    if (fits && outcome.kind === 'delivered') expect(Buffer.byteLength(outcome.activeAlert!)).toBe(LIMITS.rowBytes)
  }
})
