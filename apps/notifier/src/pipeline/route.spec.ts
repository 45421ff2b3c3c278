import { T0, view } from '../../testing/changes'
import { receiver } from '../../testing/recording-channel'
import { compileRoutes, groupKey, type Matchers, type News, type RouteInput } from '.'

const news = (object: string, state: string | null = 'down', more: Partial<News> = {}): News => ({
  object, event: `${object}@0.1`, incarnation: 0, revision: 1, type: 'object.changed', time: T0, state, cause: 'vote',
  view: state === null ? null : view(object, state, { from: 'up', policy: 'sites' }), ...more,
}) // prettier-ignore
const compile = (root: Partial<RouteInput>) =>
  compileRoutes({ receivers: ['a', 'b', 'c'].map((name) => receiver(name)), root: { receiver: 'a', ...root } })
const receivers = (root: Partial<RouteInput>, of: News) =>
  compile(root)
    .match(of)
    .map((route) => route.receiver)

describe('matchers', () => {
  const takes = (match: Matchers, of = news('site/x')) =>
    receivers({ routes: [{ match, receiver: 'b' }] }, of)[0] === 'b'
  it.each<[Matchers, boolean]>([
    [{}, true],
    [{ object: ['site/*'] }, true],
    [{ object: ['other', '**x'] }, true],
    [{ object: ['*'] }, false],
    [{ object: ['site/X'] }, false],
    [{ state: ['down'] }, true],
    [{ state: ['up', 'ok'] }, false],
    [{ from: ['up'] }, true],
    [{ from: [null] }, false],
    [{ cause: ['vote'] }, true],
    [{ cause: ['override'] }, false],
    [{ policy: ['sites'] }, true],
    [{ policy: ['default'] }, false],
    [{ object: ['site/*'], state: ['up'] }, false],
  ])('%j: %s', (match, expected) => expect(takes(match)).toBe(expected))

  it('of states take no deletion, those of causes do', () => {
    const gone = news('site/x', null, { cause: 'deleted' })
    expect([
      takes({ state: ['down'] }, gone),
      takes({ cause: ['deleted'] }, gone),
      takes({ policy: ['sites'] }, gone),
    ]).toEqual([false, true, false])
  })
})

describe('the tree', () => {
  const tree: Partial<RouteInput> = {
    routes: [
      {
        match: { object: ['site/**'] },
        receiver: 'b',
        continue: true,
        routes: [{ match: { state: ['down'] }, receiver: 'c' }],
      },
      { match: { object: ['site/**'] }, receiver: 'b' },
      { match: { object: ['**'] }, receiver: 'c' },
    ],
  }
  it('takes the deepest that matches, stops at the first, goes on where told', () => {
    expect(receivers(tree, news('site/x', 'down'))).toEqual(['c', 'b'])
    expect(receivers(tree, news('site/x', 'up'))).toEqual(['b', 'b'])
    expect(receivers(tree, news('other'))).toEqual(['c'])
  })
  it('falls back to the root', () =>
    expect(receivers({ routes: [{ match: { state: ['up'] }, receiver: 'b' }] }, news('x'))).toEqual(['a']))
  it('takes nothing that the root does not', () =>
    expect(receivers({ match: { state: ['up'] } }, news('x'))).toEqual([]))
  it('inherits what a route does not say', () => {
    const router = compile({
      groupWait: 3,
      quiet: [],
      routes: [{ receiver: 'b', groupInterval: 7, routes: [{ name: 'deep', quiet: ['up'] }] }],
    })
    expect(router.route('deep')).toMatchObject({
      receiver: 'b',
      groupWait: 3,
      groupInterval: 7,
      quiet: ['up'],
      unknownAfter: 300,
      path: 'deep',
    })
    expect(router.match(news('x'))).toMatchObject([{ path: 'deep' }])
    expect(router.wayTo('b')).toMatchObject({ path: '0', quiet: [] })
    expect(router.route('root')).toMatchObject({ groupInterval: 60 })
  })
  it('refuses a receiver that is not there, and two routes of one name', () => {
    expect(() => compile({ routes: [{ receiver: 'nobody' }] })).toThrow('route 0 names the receiver nobody')
    expect(() => compile({ routes: [{ name: 'x' }, { name: 'x' }] })).toThrow('two routes are named x')
  })
})

it('a group is a route and its labels', () => {
  const key = (groupBy: RouteInput['groupBy'] & object, of: News) => groupKey(compile({ groupBy }).route('root')!, of)
  expect(key([], news('x'))).toBe(key([], news('y')))
  expect(key(['object'], news('x'))).not.toBe(key(['object'], news('y')))
  expect(key(['policy'], news('x'))).toBe(key(['policy'], news('y')))
  expect(key(['policy', 'object'], news('x'))).not.toBe(key(['policy', 'object'], news('y')))
})

describe('the identity of a route', () => {
  const ids = (...routes: RouteInput[]) =>
    compile({ receiver: 'a', routes })
      .match(news('x'))
      .map(({ id, path }) => [id, path] as const)
  const first: RouteInput = { match: { object: ['x'] }, receiver: 'b', continue: true }
  const second: RouteInput = { match: { object: ['**'] }, receiver: 'b', continue: true }

  it('is the same wherever a route without a name moves', () => {
    const [a, b] = ids(first, second)
    const [c, d, e] = ids({ match: {}, receiver: 'c', continue: true }, second, first)
    expect([a![1], b![1], c![1], d![1], e![1]]).toEqual(['0', '1', '0', '1', '2'])
    expect([d![0], e![0]]).toEqual([b![0], a![0]])
    expect(a![0]).not.toBe(b![0])
  })
  it('is its name where it has one', () => expect(ids({ ...first, name: 'night' })[0]).toEqual(['night', 'night']))
  it('is another with another receiver, other matchers, or another parent', () => {
    const all = [
      ids(first),
      ids({ ...first, receiver: 'c' }),
      ids({ ...first, match: { object: ['x', 'y'] } }),
      ids({ match: { state: ['down'] }, routes: [first] }),
    ].map(([one]) => one![0])
    expect(new Set(all).size).toBe(4)
  })
  it('stays with changed timing', () => expect(ids({ ...first, groupWait: 99 })[0]![0]).toBe(ids(first)[0]![0]))
  it('tells routes of the same content apart', () => {
    const [a, b] = ids(first, first)
    expect(a![0]).not.toBe(b![0])
  })
})
