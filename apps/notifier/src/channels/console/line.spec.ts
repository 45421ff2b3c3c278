import { T0 } from '../../../testing/changes'
import { message, notice } from '../../../testing/messages'
import { duration } from '../../templates'
import { line } from './line'

const plain = { colour: false, timeZone: 'UTC' }
const override = {
  state: 'down',
  reason: 'maintenance',
  author: 'ann',
  expiresAt: T0 + 3_600_000,
  mode: 'pin' as const,
}

it.each([
  ['a vote', message('site/x'), '22:13:20  site/x  up → down  2 of 3 say down (last: agent-1)  after 30 s up'],
  [
    'a first state',
    message('site/x', { previous: null, lasted: null }),
    '22:13:20  site/x  unknown → down  2 of 3 say down (last: agent-1)',
  ],
  [
    'an override',
    message('site/x', { cause: 'override' }, { override, divergent: true }),
    '22:13:20  site/x  up → down  set by ann until 23:13:20: maintenance  after 30 s up',
  ],
  [
    'an override that ends on another day',
    message('site/x', { cause: 'override' }, { override: { ...override, expiresAt: T0 + 86_400_000 } }),
    '22:13:20  site/x  up → down  set by ann until 2023-11-15 22:13:20: maintenance  after 30 s up',
  ],
  [
    'its end',
    message('site/x', { cause: 'override-expired' }, { trigger: null }),
    '22:13:20  site/x  up → down  override ended; 2 of 3 say down  after 30 s up',
  ],
  [
    'a lost quorum',
    message('site/x', { cause: 'quorum-lost', state: 'unknown' }, { participants: 1, stale: true }),
    '22:13:20  site/x  up → unknown  1 of 3 heard, 2 needed  after 30 s up  stale',
  ],
  [
    'no majority',
    message('site/x', { cause: 'no-majority', state: 'unknown' }, { tally: { down: 2, up: 2 }, contested: true }),
    '22:13:20  site/x  up → unknown  no majority: 2 down, 2 up  after 30 s up  contested',
  ],
  [
    'a deletion',
    message('site/x', { state: null, view: null, cause: 'deleted' }),
    '22:13:20  site/x  up → gone  deleted  after 30 s up',
  ],
  ['a notice', notice, '22:13:20  ops  gives up  http-410; delivery msg_x about site/x is in the dead letters'],
])('says %s in one line', (_, of, expected) => expect(line(of, plain)).toBe(expected))

it('is coloured only when asked', () => {
  expect(line(message('x'), { colour: true, timeZone: 'UTC' })).toContain('\u001b[31mdown\u001b[0m')
  expect(line(message('x', { state: 'up' }), { colour: true, timeZone: 'UTC' })).toContain('\u001b[32mup\u001b[0m')
})

it.each([
  [999, '1 s'], [59_000, '59 s'], [60_000, '1 min'], [90_000, '1 min 30 s'], [3_600_000, '1 h'], [7_500_000, '2 h 5 min'], [86_400_000, '1 d'], [273_600_000, '3 d 4 h'],
])('%i ms are %s', (ms, text) => expect(duration(ms)).toBe(text)) // prettier-ignore
