import fc from 'fast-check'
import { bySeverity, DEFAULT_POLICY, escapeGlob, fillPolicy, glob, globPrefix, hasTouchingWildcards, LIMITS } from '.'

const faults = (input: object, options = {}) =>
  fillPolicy({ name: 'p', match: '**', ...input }, options).faults?.map(
    ({ pointer, detail }) => `${pointer}: ${detail}`,
  )

describe('a policy', () => {
  it('gets the defaults of the page', () => {
    expect(fillPolicy({ name: 'p', match: 'site/*', flap: { changes: 3 } }).policy).toEqual({
      name: 'p',
      match: 'site/*',
      priority: 0,
      method: 'majority',
      ttl: 60,
      memory: 3600,
      quorum: 'half',
      confirm: {},
      settle: 0,
      unknownAfter: 60,
      onNoQuorum: 'hold',
      flap: { changes: 3, window: 600 },
      maxOverride: 604_800,
      history: 20,
      allowDictator: false,
    })
    expect(DEFAULT_POLICY).toMatchObject({ name: 'default', flap: { changes: 5, window: 600 } })
  })

  it.each<[string, object, string]>([
    ['an unknown field', { colour: 1 }, '/colour: unknown field'],
    ['an unknown field inside flap', { flap: { often: 1 } }, '/flap/often: unknown field'],
    ['an unknown method', { method: 'dice' }, '/method: unknown method; known here: majority, ordered'],
    ['an unknown quorum', { quorum: 'most' }, '/quorum: must be half, majority, an integer or a share such as "60%"'],
    ['half a share', { quorum: '33.3%' }, '/quorum: must be half, majority, an integer or a share such as "60%"'],
    ['a share above all', { quorum: '101%' }, '/quorum: must be half, majority, an integer or a share such as "60%"'],
    ['a negative quorum', { quorum: -1 }, '/quorum: must be half, majority, an integer or a share such as "60%"'],
    ['half a quorum', { quorum: 1.5 }, '/quorum: must be half, majority, an integer or a share such as "60%"'],
    ['a memory shorter than the ttl', { memory: 30 }, '/memory: must be at least ttl (60)'],
    ['a ttl longer than the memory it defaults to', { ttl: 7200 }, '/memory: must be at least ttl (7200)'],
    ['ordered without states', { method: 'ordered' }, '/states: missing: the method ordered needs it'],
    [
      'a threshold on an unlisted state',
      { states: ['up'], thresholds: { down: 1 } },
      '/thresholds/down: not one of the listed states',
    ],
    [
      'a threshold of digits without states',
      { thresholds: { '10': 1 } },
      '/thresholds/10: a name of digits alone has no order of its own: list the states',
    ],
    ['a threshold of 0', { thresholds: { down: 0 } }, '/thresholds/down: must be an integer, 1 or more'],
    ['an agent in two groups', { groups: { eu: ['a', 'b'], us: ['b'] } }, '/groups/us/0: is in the group eu already'],
    [
      'a group named default',
      { groups: { default: ['a'] } },
      '/groups/default: the group of those in no group is called so',
    ],
    ['a negative duration', { settle: -1 }, '/settle: must be seconds, 0 or more'],
    ['a negative confirmation', { confirm: { up: -1 } }, '/confirm/up: must be seconds, 0 or more'],
    ['a negative priority', { priority: -1 }, '/priority: must be an integer, 0 or more'],
    ['a negative history', { history: -1 }, '/history: must be an integer from 0 to 1000'],
    ['one change as flapping', { flap: { changes: 1 } }, '/flap/changes: must be an integer from 2 to 20'],
    ['more changes than are kept', { flap: { changes: 21 } }, '/flap/changes: must be an integer from 2 to 20'],
    ['more history than is kept', { history: LIMITS.policyHistory + 1 }, '/history: must be an integer from 0 to 1000'],
    [
      'an electorate of 25,000',
      { electorate: Array.from({ length: 25_000 }, (_, i) => `agent-${i}`) },
      '/electorate: must be a list of at most 10000 different agent ids',
    ],
    ['the reserved name', { name: 'default' }, '/name: the name of the built-in policy is reserved'],
    [
      'a dictator',
      { electorate: ['a'] },
      '/electorate/0: holds more than half of the weight (allowDictator permits it)',
    ],
    [
      'an agent listed twice',
      { electorate: ['a', 'a', 'b'] },
      '/electorate: must be a list of at most 10000 different agent ids',
    ],
    ['a ttl in words', { ttl: '60' }, '/ttl: must be seconds, 0 or more'],
  ])('with %s is refused', (_what, input, reason) => {
    expect(faults(input)).toEqual([reason])
  })

  it('has at most 384 KiB, defaults filled in', () => {
    const idOf = (i: number) => `${i}`.padStart(200, '-')
    const electorate = Array.from({ length: 1_850 }, (_, i) => idOf(i))
    const bytes = (more: string) => Buffer.byteLength(JSON.stringify(fillPolicy(policy(more)).policy))
    const policy = (more: string) => ({ name: 'p', match: '**', electorate: [...electorate, more.padEnd(1, 'x')] })
    const rest = LIMITS.policyBytes - bytes('x')
    const filling = (spare: number) => ({
      ...policy('x'),
      electorate: [...policy('x').electorate, ...chunks(rest - spare)],
    })
    // Each further id takes its own bytes, two quotes and a comma.
    const chunks = (room: number) => {
      const ids = []
      for (let left = room, n = 0; left > 0; n++) {
        const take = left > 400 ? 200 : left > 259 ? 130 : left
        ids.push(`${n}`.padStart(take - 3, '+'))
        left -= take
      }
      return ids
    }
    expect(Buffer.byteLength(JSON.stringify(fillPolicy(filling(0)).policy))).toBe(LIMITS.policyBytes)
    expect(fillPolicy(filling(-1)).faults).toEqual([
      {
        pointer: '',
        detail: `must be at most ${LIMITS.policyBytes} bytes of JSON, defaults filled in, and has 393217`,
      },
    ])
  })

  it.each(['thresholds', 'confirm'])('has at most 1,000 %s', (member) => {
    const of = (length: number) => Object.fromEntries(Array.from({ length }, (_, i) => [`s${i}`, 1]))
    expect(faults({ [member]: of(1_000) })).toBeUndefined()
    expect(faults({ [member]: of(1_001) })).toHaveLength(1)
  })

  it('has at most 1,000 groups', () => {
    const of = (length: number) => ({
      groups: Object.fromEntries(Array.from({ length }, (_, i) => [`g${i}`, [`a${i}`]])),
    })
    expect(faults(of(1_000))).toBeUndefined()
    expect(faults(of(1_001))).toHaveLength(1)
  })

  it('is refused with a hundred faults at most', () => {
    expect(faults(Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`f${i}`, 1])))).toHaveLength(100)
  })

  it('is refused with every fault at once', () => {
    expect(faults({ memory: 1, quorum: 'x', method: 'ordered' })).toHaveLength(3)
  })

  it('may have a dictator where it says so, and half of the weight is none', () => {
    expect(faults({ electorate: ['a'], allowDictator: true })).toBeUndefined()
    expect(faults({ electorate: ['a', 'b'] })).toBeUndefined()
  })

  it('is judged by the weights of the agents', () => {
    const weightOf = (agent: string) => (agent === 'b' ? 3 : 1)
    expect(faults({ electorate: ['a', 'b', 'c'] }, { weightOf })).toEqual([
      '/electorate/1: holds more than half of the weight (allowDictator permits it)',
    ])
    expect(faults({ electorate: ['a', 'b', 'c', 'd'] }, { weightOf })).toBeUndefined()
  })

  it('may name a rule that is registered', () => {
    expect(faults({ method: 'maximum' }, { methods: ['maximum'] })).toBeUndefined()
  })

  it('takes null for absent', () => {
    expect(fillPolicy({ name: 'p', match: '**', ttl: null, groups: null }).policy).toMatchObject({ ttl: 60 })
  })

  it('tries the most severe threshold first', () => {
    const policy = { ...DEFAULT_POLICY, thresholds: { a: 1, c: 1, b: 1 } }
    expect(bySeverity(policy)).toEqual(['a', 'c', 'b'])
    expect(bySeverity({ ...policy, states: ['a', 'b', 'c'] })).toEqual(['c', 'b', 'a'])
  })
})

/** A glob as a regular expression, told in another way than the product does. */
const expression = (pattern: string): string =>
  pattern.replace(/(\\\*|\\\\)|(\*\*)|(\*)|[\\/]/g, (piece, escaped, any, some) =>
    escaped ? piece : any ? '[^]*' : some ? '[^/]*' : `\\${piece}`,
  )

describe('all faults of a policy are told at once', () => {
  const faults = (input: object) =>
    (fillPolicy({ name: 'p', match: '**', ...input }).faults ?? []).map(
      ({ pointer, detail }) => `${pointer}: ${detail}`,
    )

  it.each<[string, object, RegExp[]]>([
    ['an unknown field and an unknown method', { tll: 1, method: 'mojority' }, [/^\/tll: unknown field/, /^\/method: .*majority, ordered/]],
    ['a missing match', { match: null, quorum: 'many' }, [/^\/match: missing/, /^\/quorum: /]],
    ['a shape and what two sound members say', { settle: 'x', ttl: 7200 }, [/^\/settle: /, /^\/memory: must be at least ttl \(7200\)/]],
    ['a field with a slash in its name', { 'a/b': 1, method: 'ordered' }, [/^\/a~1b: /, /^\/states: missing/]],
  ])('%s', (_name, input, said) => {
    const found = faults(input)
    expect(found).toHaveLength(said.length)
    for (const [i, one] of said.entries()) expect(found[i]).toMatch(one)
  }) // prettier-ignore

  it.each<[string, object, string]>([
    ['of memory when ttl is unsound', { ttl: 'x', memory: 10 }, '/ttl'],
    ['of thresholds and the method when states are unsound', { states: 'up', thresholds: { 1: 1 }, method: 'ordered' }, '/states'],
    ['of an electorate when allowDictator is unsound', { electorate: ['a'], allowDictator: 'yes' }, '/allowDictator'],
  ])('nothing is said %s', (_name, input, place) => {
    expect(faults(input).map((text) => text.split(':')[0])).toEqual([place])
  }) // prettier-ignore
})

describe('a glob', () => {
  it.each([
    ['site/*', ['site/x', 'site/'], ['site', 'site/x/y', 'a/site/x']],
    ['site/**', ['site/x', 'site/x/y', 'site/'], ['site']],
    ['**', ['', 'a/b'], []],
    ['*', ['', 'ab'], ['a/b']],
    ['*/x', ['a/x', '/x'], ['a/b/x', 'x']],
    ['a*c', ['ac', 'abc'], ['abd', 'a/c']],
    ['a**c', ['ac', 'a/b/c'], ['acd']],
    ['***', ['a/b'], []],
    ['', [''], ['a']],
    ['a.c[0]?', ['a.c[0]?'], ['abc0x']],
    [String.raw`\*`, ['*'], ['', 'a', String.raw`\*`]],
    [String.raw`a\*b*`, ['a*b', 'a*bc'], ['axb', 'a*b/c', String.raw`a\*b`]],
    [String.raw`\***`, ['*', '*a/b'], ['a']],
    [String.raw`a\\*`, ['a\\', String.raw`a\x`], ['a*', 'ab']],
    [String.raw`a\b\\c`, [String.raw`a\b\c`], ['abc', String.raw`a\b\\c`]],
    ['a\\', ['a\\'], ['a']],
  ])('%s', (pattern, yes, no) => {
    const matches = glob(pattern)
    expect(yes.filter((id) => !matches(id))).toEqual([])
    expect(no.filter((id) => matches(id))).toEqual([])
  })

  it('says what a regular expression says', () => {
    const piece = fc.constantFrom('a', 'b', '/', '*', '**', '😀', '\\', '\\*', '\\\\')
    const id = fc
      .array(fc.constantFrom('a', 'b', '/', '😀', '*', '\\'), { maxLength: 8 })
      .map((parts) => parts.join(''))
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }), id, (pieces, text) => {
        const pattern = pieces.join('')
        expect(glob(pattern)(text)).toBe(new RegExp(`^${expression(pattern)}$`, 'u').test(text))
        if (glob(pattern)(text)) expect(text.startsWith(globPrefix(pattern))).toBe(true)
      }),
      { seed: 7, numRuns: 3000 },
    )
  })

  it('made of an escaped id takes that id and no other', () => {
    const sign = fc.constantFrom('a', '/', '*', '\\', '😀')
    const id = fc.array(sign, { maxLength: 8 }).map((parts) => parts.join(''))
    fc.assert(
      fc.property(id, id, (one, other) => {
        const pattern = escapeGlob(one)
        expect([glob(pattern)(one), glob(pattern)(other)]).toEqual([true, one === other])
        expect([globPrefix(pattern), hasTouchingWildcards(pattern)]).toEqual([one, false])
      }),
      { seed: 8, numRuns: 3000 },
    )
  })

  it.each([
    ['site/x*', 'site/x'], ['**', ''], [String.raw`a\*b*c`, 'a*b'], [String.raw`a\\*`, 'a\\'], ['abc', 'abc'], ['', ''],
  ])('%s: every id that it takes begins with %j', (pattern, prefix) => expect(globPrefix(pattern)).toBe(prefix)) // prettier-ignore

  it.each([
    ['***', true], ['a****b', true], [String.raw`\***`, false], [String.raw`**\*`, false], [String.raw`\\***`, true], ['*a**', false],
  ])('%s: wildcards that touch: %p', (pattern, touch) => expect(hasTouchingWildcards(pattern)).toBe(touch)) // prettier-ignore

  // Backtracking would not come to an end within the time that a test has.
  it('takes no longer for a pattern made to take long', () => {
    expect(glob('**a'.repeat(300))('a'.repeat(299) + 'b'.repeat(200))).toBe(false)
  })
})

describe('a policy at its limits', () => {
  const ids = (length: number) => Array.from({ length }, (_, i) => `agent-${i}`)
  const map = <T>(length: number, of: (name: string) => T) => Object.fromEntries(ids(length).map((it) => [it, of(it)]))
  const faults = (more: object) => fillPolicy({ name: 'p', match: 'x', ...more }).faults

  it.each<[string, (n: number) => object, number]>([
    ['/electorate', (n) => ({ electorate: ids(n) }), LIMITS.policyElectorate],
    ['/groups/eu', (n) => ({ groups: { eu: ids(n) } }), LIMITS.policyElectorate],
    ['/groups', (n) => ({ groups: map(n, (it) => [it]) }), LIMITS.policyGroups],
    ['/states', (n) => ({ states: ids(n) }), LIMITS.policyStates],
    ['/thresholds', (n) => ({ thresholds: map(n, () => 1) }), LIMITS.policyStates],
    ['/confirm', (n) => ({ confirm: map(n, () => 1) }), LIMITS.policyStates],
  ])('is taken, and refused one above, in %s', (pointer, of, most) => {
    expect(faults(of(most))).toBeUndefined()
    expect(faults({ ...of(most + 1), ttl: -1 })).toEqual([
      { pointer, detail: expect.stringMatching(/^must be (a list|an object) of (1 to|at most) \d+ /) },
      { pointer: '/ttl', detail: 'must be seconds, 0 or more' },
    ])
  })

  it('is refused where a list repeats itself', () => {
    const twice = [...ids(LIMITS.policyElectorate - 1), 'agent-0']
    const said = { electorate: twice, groups: { eu: twice }, states: ['up', 'up'] }
    expect(
      faults(said)!
        .map(({ pointer }) => pointer)
        .sort(),
    ).toEqual(['/electorate', '/groups/eu', '/states'])
  })

  it('costs no more than its size: a whole body of electors is refused at once', () => {
    const electorate = ids(80_000)
    const began = performance.now()
    expect(faults({ electorate, groups: { eu: electorate } })).toHaveLength(2)
    expect(faults({ electorate: ids(10_000) })).toBeUndefined()
    // 1.8 s and 80 ms before; generous for a machine that is busy.
    expect(performance.now() - began).toBeLessThan(500)
  })
})
