import fc from 'fast-check'
import { message, notice } from '../../testing/messages'
import { outboxRow, decisionPageRow } from './packed-rows'
import { ROW_FITS } from './row-shapes'
import { type DeliveryRow, type ObjectRow, objectRow, type OutboxRow } from './rows'

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
        expect(decisionPageRow.decode(decisionPageRow.encode(page))).toEqual(page)
      }),
      { seed: 6 },
    )
  })

  it('and are half as long as their JSON', () => {
    const json = Buffer.byteLength(JSON.stringify(row))
    expect(outboxRow.encode(row).length).toBeLessThan(0.55 * json)
  })
})

describe('the row of an object', () => {
  const { view } = message('site/x')
  const news = { object: 'site/x', event: 'site/x@0.1', incarnation: 0, revision: 1, type: 'object.changed', time: 1, state: 'down', cause: 'vote', view } as const // prettier-ignore
  const told = { constructor: { state: 'down', since: 1, event: 'site/x@0.1', route: 'root', at: 1 } }
  const whole: ObjectRow = { incarnation: 0, revision: 1, told, held: {}, news, planned: 1, trail: [] }

  it.each<[string, ObjectRow]>([
    ['with its change', whole],
    ['gone', { ...whole, news: { ...news, type: 'object.deleted', state: null, cause: 'deleted', view: null } }],
    ['with nothing to tell', { incarnation: 0, revision: 1, told: {}, held: {}, planned: 0 }],
  ])('comes back whole: %s', (_what, row) => {
    const bytes = objectRow.encode(row)
    expect(objectRow.decode(bytes)).toEqual(row)
    expect(ROW_FITS.objects('site/x', bytes)).toBe(true)
  })

  it('is read as an earlier version wrote it', () => {
    const bytes = Buffer.from(JSON.stringify(whole))
    expect(objectRow.decode(bytes)).toEqual(whole)
    expect(ROW_FITS.objects('site/x', bytes)).toBe(true)
    expect(objectRow.encode(whole).length).toBeLessThan(0.65 * bytes.length)
  })

  it('has no names but its own', () => {
    const row = objectRow.decode(objectRow.encode({ ...whole, told: {} }))
    expect(['constructor', 'toString', '__proto__'].filter((name) => name in row.told || name in row.held)).toEqual([])
    const own = objectRow.decode(Buffer.from(JSON.stringify(whole).replace('"constructor"', '"__proto__"')))
    expect(Object.keys(own.told)).toEqual(['__proto__'])
  })
})
