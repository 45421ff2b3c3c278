import fc from 'fast-check'
import { message, notice } from '../../testing/messages'
import { outboxRow, pageRow } from './packed-rows'
import type { DeliveryRow, OutboxRow } from './rows'

const row: OutboxRow = {
  id: 'msg_1', endpoint: 'ops', receiver: 'ops', record: '8300000000000.0001/msg_1', message: message('site/x'), plannedAt: 5, attempts: 2,
  firstAttemptAt: 6, nextAttemptAt: 7,
} // prettier-ignore
const decision: DeliveryRow = {
  id: 'msg_1', object: 'site/x', event: 'site/x@0.1', time: 1, state: 'down', previous: null, receiver: 'ops', route: null, endpoint: 'ops',
  channel: 'webhook', status: 'pending', reason: null, decidedAt: 5, attempts: 0, nextAttemptAt: 7, lastAttempt: null, forgetAt: null,
} // prettier-ignore

describe('packed rows come back whole:', () => {
  it.each<[string, Partial<OutboxRow>]>([
    ['a change', {}],
    ['an object that is gone', { message: message('x', { view: null, state: null, cause: null, lasted: null }) }],
    ['marks', { message: message('x', { flapping: { phase: 'began', changes: 3 }, repeat: 2 }) }],
    ['dependants', { message: message('x', { dependants: { objects: ['a'], total: 9 } }) }],
    [
      'states that a tally leaves out',
      { message: message('x', { view: { ...message('x').view!, tallyRest: { states: 36, weight: 40 } } }) },
    ],
    ['a notice', { message: notice }],
    ['a throttled one, partly done', { throttledUntil: 9, done: ['a@b'], firstAttemptAt: null }],
  ])('%s', (_what, more) => {
    const whole = { ...row, ...more }
    expect(outboxRow.decode(outboxRow.encode(whole))).toEqual(whole)
  })

  it('texts of every kind', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer(), (text, number) => {
        const view = { ...message('x').view!, policy: text, override: null, tally: { [text]: number }, incident: text }
        const whole = { ...row, message: message(text, { view }), attempts: number }
        expect(outboxRow.decode(outboxRow.encode(whole))).toEqual(whole)
        const page = { forgetAt: number, rows: [{ ...decision, reason: text, forgetAt: number }, decision] }
        expect(pageRow.decode(pageRow.encode(page))).toEqual(page)
      }),
      { seed: 6 },
    )
  })

  it('and are half as long as their JSON', () => {
    const json = Buffer.byteLength(JSON.stringify(row))
    expect(outboxRow.encode(row).length).toBeLessThan(0.55 * json)
  })
})
