import { silentLogger } from '@quorate/log'
import { T0 } from '../../../testing/changes'
import { message, notice } from '../../../testing/messages'
import { Receiver } from '../../../testing/receiver'
import type { Message } from '../../outbox/message'
import type { Sender } from '../channel'
import { pagerduty } from './channel'
import { dedupKey } from './event'

const tools = { logger: silentLogger, now: () => T0, baseUrl: 'https://quorate.example' }
let receiver: Receiver
let sender: Sender
const open = (more: object = {}) =>
  (sender = pagerduty.open(
    { url: receiver.url, routingKey: 'r0uting-key', allowAddresses: ['127.0.0.1'], ...more },
    tools,
  ))
const sent = async (of: Message) => {
  await sender.send({ id: 'm', message: of, attempt: 1, at: T0 })
  return JSON.parse(receiver.received.at(-1)!.raw) as Record<string, unknown>
}

beforeEach(async () => {
  receiver = await Receiver.listen()
})
afterEach(async () => {
  await sender.close()
  await receiver.close()
})

it('triggers with who says so and a link, and resolves the same alert', async () => {
  open()
  const event = await sent(message('site/x'))
  expect(event).toMatchObject({
    routing_key: 'r0uting-key',
    event_action: 'trigger',
    dedup_key: 'quorate/site/x',
    payload: {
      summary: 'site/x is down (was up for 30 s): 2 of 3 say down (last: agent-1)',
      source: 'site/x',
      severity: 'critical',
      group: 'default',
      custom_details: { majority: '2 of 3 say down', previous: 'up' },
    },
    links: [{ href: 'https://quorate.example/v1/objects/site%2Fx' }],
  })
  const up = await sent(message('site/x', { state: 'up', previous: 'down' }))
  expect(up).toEqual({ routing_key: 'r0uting-key', event_action: 'resolve', dedup_key: 'quorate/site/x' })
  expect(await sent(message('site/x', { state: null, view: null, cause: 'deleted' }))).toMatchObject({
    event_action: 'resolve',
  })
})

it.each<[string, Message, string, string]>([
  ['an unknown', message('x', { state: 'unknown' }), 'trigger', 'warning'],
  ['a state of its own', message('x', { state: 'degraded' }), 'trigger', 'info'],
  [
    'flapping, though up',
    message('x', { state: 'up', flapping: { phase: 'began', changes: 6 } }),
    'trigger',
    'warning',
  ],
  ['a state that the settings call well', message('x', { state: 'idle' }), 'resolve', ''],
  ['a notice', notice, 'trigger', 'error'],
])('takes %s', async (_, of, action, severity) => {
  open({ severities: { degraded: 'info' }, resolvedStates: ['up', 'idle'] })
  const event = (await sent(of)) as { event_action: string; payload?: { severity: string } }
  expect([event.event_action, event.payload?.severity ?? '']).toEqual([action, severity])
})

it('has keys of at most 255 bytes that differ when objects do', () => {
  const long = 'ä/'.repeat(200)
  expect(Buffer.byteLength(dedupKey(long))).toBeLessThanOrEqual(255)
  expect(dedupKey(`${long}1`)).not.toBe(dedupKey(`${long}2`))
  expect(dedupKey('x'.repeat(247))).toBe(`quorate/${'x'.repeat(247)}`)
  expect(Buffer.byteLength(dedupKey('😀'.repeat(100)))).toBeLessThanOrEqual(255)
  expect(dedupKey('😀'.repeat(100)).isWellFormed()).toBe(true)
})

it('cuts a long summary', async () => {
  open({ template: { summary: '{{ object }}' } })
  const { payload } = (await sent(message('x'.repeat(3_000)))) as { payload: { summary: string } }
  expect(payload.summary).toHaveLength(1024)
})

it('wants its key by reference', () => {
  expect(pagerduty.check!({ routingKey: 'abc' }).map(({ pointer }) => pointer)).toEqual(['/routingKey'])
  expect(pagerduty.check!({ routingKey: '${env:KEY}', severities: { down: 'critical' } })).toEqual([])
  expect(pagerduty.check!({ routingKey: '${env:KEY}', severities: { down: 'awful' } })).toHaveLength(1)
})
