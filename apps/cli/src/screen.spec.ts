import type { ObjectView, StatesEvent } from '@quorate/client'
import { changeText } from './change-text'
import { marks, stateText, viewText } from './screen'
import { colour, plain } from './text'

const view: ObjectView = {
  object: 'site/x',
  incarnation: 0,
  version: 2,
  revision: 2,
  state: 'up',
  from: 'down',
  voted: 'down',
  since: '2026-01-01T00:00:00.000Z',
  decidedAt: '2026-01-01T00:00:00.000Z',
  cause: 'override',
  trigger: null,
  contested: false,
  stale: false,
  flapping: false,
  divergent: true,
  override: { state: 'up', reason: 'known', author: 'ann', expiresAt: null, mode: 'pin' },
  tally: { up: 1, down: 2 },
  participants: 3,
  electorate: 3,
  quorum: 2,
  rule: 'majority',
  policy: 'default',
  incident: null,
}

it('shows an object in a few lines, with its override and the vote underneath', () => {
  expect(viewText(view, plain)).toBe(
    [
      'site/x  up  since 2026-01-01T00:00:00.000Z (override)',
      '  held at up until it is cleared, then down by the current vote; by ann: known',
      '  votes  down 2, up 1; 3 of 3 vote, 2 needed, by majority, policy default',
      '  marks  divergent, overridden\n',
    ].join('\n'),
  )
  expect(viewText({ ...view, override: null, divergent: false }, plain).split('\n')).toHaveLength(3)
})

it('cleans a state before it is coloured', () => {
  expect(stateText('x\u001b[2J', colour)).toBe('\u001b[33mx\uFFFD[2J\u001b[0m')
})

it('shows the marks that are set', () => {
  expect(marks({ ...view, stale: true, divergent: false, override: null })).toEqual(['stale'])
})

it.each<[StatesEvent, RegExp]>([
  [
    { type: 'object.changed', id: '1', data: view },
    /^site\/x {2}down > up {2}\(override; down 2, up 1; divergent; overridden\)/,
  ],
  [{ type: 'snapshot', id: '', data: view }, /^site\/x {2}up/],
  [{ type: 'sync', id: '1', data: {} }, /changes follow/],
  [
    {
      type: 'object.deleted',
      id: '1',
      data: { object: 'a\u001b', incarnation: 0, revision: 3, time: 'T', cause: 'deleted' },
    },
    /^a\uFFFD {2}gone \(deleted\) {2}T$/,
  ],
  [
    { type: 'observers.lost', id: '1', data: { id: 'x', time: 'T', partition: 3, stale: 30, known: 40 } },
    /30 of 40 objects of partition 3/,
  ],
  [{ type: 'observers.back', id: '1', data: { id: 'x', time: 'T' } }, /back/],
])('writes %j in one line', (event, expected) => {
  const text = changeText(event, plain)
  expect(text.trimEnd()).toMatch(expected)
  expect(text.match(/\n/g)).toHaveLength(1)
  expect(changeText(event, colour)).toContain('\u001b[') // every kind has some colour on a terminal
})
