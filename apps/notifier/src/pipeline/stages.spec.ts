import { parseEventId } from '@quorate/contracts'
import { T0, view } from '../../testing/changes'
import {
  type Facts,
  inbox,
  Inhibitions,
  judge,
  type News,
  type Route,
  Silences,
  type Stage,
  STAGES,
  type LastNotified,
  type Verdict,
} from '.'
import { catchingUp } from './catching-up'
import { grouping } from './grouping'
import { lastTold } from './last-told'
import { lastingUnknown } from './lasting-unknown'
import { quiet } from './quiet'
import { DEFAULT_TIMING } from './routing'
import { hold, PASS, suppress } from './stage'
import { stillRouted } from './still-routed'

const route: Route = { ...DEFAULT_TIMING, path: 'root', id: 'root', receiver: 'ops' }
const news = (state: string | null, more: Partial<News> = {}): News => ({
  object: 'x', event: 'x@0.1', incarnation: 0, revision: 1, type: 'object.changed', time: T0, state, cause: 'vote',
  view: state === null ? null : view('x', state), ...more,
}) // prettier-ignore
const told = (state: string): LastNotified => ({ state, since: T0, event: 'x@0.0', route: 'root', at: T0 })
const s = (seconds: number) => T0 + seconds * 1000
const facts = (more: Partial<Facts> = {}): Facts => ({
  now: T0,
  lastNotified: undefined,
  group: undefined,
  arrivedAt: T0,
  waitedUntil: undefined,
  behind: false,
  heldUntil: undefined,
  silences: new Silences(),
  inhibitions: new Inhibitions(),
  ...more,
})
const ask = (
  stage: Stage,
  state: string | null,
  more: Partial<Facts> = {},
  of: { routed?: boolean; route?: Partial<Route>; news?: Partial<News> } = {},
): Verdict =>
  stage({ news: news(state, of.news), route: { ...route, ...of.route }, routed: of.routed ?? true }, facts(more))

describe('inbox', () => {
  const at = (incarnation: number, revision: number) => news('up', { incarnation, revision })
  const mark = { incarnation: 5, revision: 3 }
  it.each([
    [5, 3, { seen: true }], [5, 2, { seen: true }], [4, 99, { seen: true }], [5, 4, { seen: false, missed: 0 }], [5, 7, { seen: false, missed: 3 }],
    [6, 1, { seen: false, missed: 0 }], [6, 3, { seen: false, missed: 2 }],
  ])('%i.%i after 5.3', (incarnation, revision, arrival) => expect(inbox(at(incarnation, revision), mark)).toEqual(arrival)) // prettier-ignore
  it('takes the first event of an object, whatever its number', () =>
    expect(inbox(at(3, 9), undefined)).toEqual({ seen: false, missed: 0 }))
  it('reads the number of an object whose name has an @', () =>
    expect(parseEventId('a@b@3.4@7.8')).toEqual({ object: 'a@b@3.4', incarnation: 7, revision: 8 }))
})

describe('the stages, one by one', () => {
  it.each<[string, Verdict, Verdict]>([
    ['lastTold: the same state', ask(lastTold, 'down', { lastNotified: told('down') }), suppress('already-told')],
    ['lastTold: another', ask(lastTold, 'up', { lastNotified: told('down') }), PASS],
    ['lastTold: the first', ask(lastTold, 'up'), PASS],
    ['lastTold: gone, told before', ask(lastTold, null, { lastNotified: told('up') }), PASS],
    ['lastTold: gone, never told', ask(lastTold, null), suppress('never-told')],
    ['quiet: the first state is up', ask(quiet, 'up'), suppress('quiet')],
    ['quiet: the first state is down', ask(quiet, 'down'), PASS],
    ['quiet: a recovery', ask(quiet, 'up', { lastNotified: told('down') }), PASS],
    ['quiet: gone while up', ask(quiet, null, { lastNotified: told('up') }), suppress('quiet')],
    ['quiet: gone while down', ask(quiet, null, { lastNotified: told('down') }), PASS],
    ['quiet: nothing is quiet', ask(quiet, 'up', {}, { route: { quiet: [] } }), PASS],
    ['stillRouted: routed', ask(stillRouted, 'up'), PASS],
    [
      'stillRouted: closes what is open',
      ask(stillRouted, 'up', { lastNotified: told('down') }, { routed: false }),
      PASS,
    ],
    [
      'stillRouted: nothing open',
      ask(stillRouted, 'down', { lastNotified: told('up') }, { routed: false }),
      suppress('not-routed'),
    ],
    ['stillRouted: never told', ask(stillRouted, 'down', {}, { routed: false }), suppress('not-routed')],
    ['lastingUnknown: at first', ask(lastingUnknown, 'unknown'), hold(s(300), 'lasting')],
    [
      'lastingUnknown: decided long before it came',
      ask(lastingUnknown, 'unknown', { now: s(400), arrivedAt: s(400) }),
      PASS,
    ],
    [
      'lastingUnknown: decided ahead of our clock',
      ask(lastingUnknown, 'unknown', { now: s(-50), arrivedAt: s(-50) }),
      hold(s(250), 'lasting'),
    ],
    ['lastingUnknown: lasted', ask(lastingUnknown, 'unknown', { now: s(300), waitedUntil: s(300) }), PASS],
    ['lastingUnknown: another state', ask(lastingUnknown, 'down'), PASS],
    ['lastingUnknown: off', ask(lastingUnknown, 'unknown', {}, { route: { unknownAfter: 0 } }), PASS],
    ['catchingUp: fresh', ask(catchingUp, 'down', { now: s(3600) }), PASS],
    ['catchingUp: old', ask(catchingUp, 'down', { now: s(3601) }), hold(s(3606), 'catching-up')],
    ['catchingUp: old, waited, at the head', ask(catchingUp, 'down', { now: s(3606), waitedUntil: s(3606) }), PASS],
    [
      'catchingUp: old, waited, still behind',
      ask(catchingUp, 'down', { now: s(3606), waitedUntil: s(3606), behind: true }),
      hold(s(3611), 'catching-up'),
    ],
    ['grouping: the first of a group', ask(grouping, 'down'), hold(s(10), 'group-wait')],
    ['grouping: joins what is open', ask(grouping, 'down', { group: { flushAt: s(4) } }), hold(s(4), 'group-wait')],
    [
      'grouping: after a message',
      ask(grouping, 'down', { now: s(20), group: { flushedAt: s(10) } }),
      hold(s(70), 'group-interval'),
    ],
    [
      'grouping: long after a message',
      ask(grouping, 'down', { now: s(90), group: { flushedAt: s(10) } }),
      hold(s(100), 'group-wait'),
    ],
    [
      'grouping: its time has come',
      ask(grouping, 'down', { now: s(10), waitedUntil: s(10), group: { flushAt: s(10) } }),
      PASS,
    ],
    [
      'grouping: the same message, a slice later',
      ask(grouping, 'down', { now: s(11), waitedUntil: s(10), group: { flushedAt: s(10) } }),
      PASS,
    ],
    [
      'grouping: its time has come, but a message went just before',
      ask(grouping, 'down', { now: s(300), waitedUntil: s(300), group: { flushedAt: s(290) } }),
      hold(s(350), 'group-interval'),
    ],
    [
      'grouping: its time has come, and another is in preparation',
      ask(grouping, 'down', { now: s(300), waitedUntil: s(300), group: { flushAt: s(305) } }),
      hold(s(305), 'group-wait'),
    ],
    ['grouping: at once', ask(grouping, 'down', {}, { route: { groupWait: 0, groupInterval: 0 } }), PASS],
  ])('%s', (_, verdict, expected) => expect(verdict).toEqual(expected))
})

describe('the list', () => {
  const judged = (state: string, more: Partial<Facts>) =>
    judge(STAGES, { news: news(state), route, routed: true }, facts(more))
  it('ends with the first that suppresses', () => expect(judged('up', {})).toEqual(suppress('quiet')))
  it('holds until the last of those that hold, with its reason', () =>
    expect(judged('unknown', {})).toEqual(hold(s(300), 'lasting')))
  it('passes when none has anything against it', () =>
    expect(judged('down', { now: s(10), waitedUntil: s(10), group: { flushAt: s(10) } })).toEqual(PASS))
})
