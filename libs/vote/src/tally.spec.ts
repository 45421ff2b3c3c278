import { compareUtf8, LIMITS } from '@quorate/contracts'
import fc from 'fast-check'
import { shown, shownTally, Tally } from './tally'

const names = (count: number) => Array.from({ length: count }, (_, i) => `s${i}`)

describe('a tally', () => {
  it('counts like a map, with few states and many, while they come and go', () => {
    const votes = fc.array(
      fc.record({ state: fc.integer({ min: 0, max: 150 }), weight: fc.integer({ min: 1, max: 3 }) }),
      { size: 'max', maxLength: 600 },
    )
    fc.assert(
      fc.property(votes, fc.integer({ min: 1, max: 500 }), (cast, order) => {
        const tally = new Tally()
        const map = new Map<string, number>()
        const count = (state: string, weight: number) => {
          const sum = (map.get(state) ?? 0) + weight
          if (sum === 0) map.delete(state)
          else map.set(state, sum)
        }
        const check = () => {
          expect(new Map(tally.states.map((state, i) => [state, tally.weights[i]]))).toEqual(map)
          for (let i = 0; i <= 150; i++) expect(tally.of(`s${i}`)).toBe(map.get(`s${i}`) ?? 0)
          expect(tally.total).toBe([...map.values()].reduce((a, b) => a + b, 0))
        }
        for (const { state, weight } of cast) {
          tally.add(`s${state}`, weight)
          count(`s${state}`, weight)
        }
        check()
        // In a different order than they were added.
        const taken = cast.map((vote, i) => [(i * order) % 601, vote] as const).sort((a, b) => a[0] - b[0])
        for (const [i, [, { state, weight }]] of taken.entries()) {
          tally.take(`s${state}`, weight)
          count(`s${state}`, -weight)
          if (i === taken.length >> 1) check()
        }
        check()
        tally.add('s1', 2)
        expect([tally.states, tally.weights, tally.of('s1'), tally.of('s2')]).toEqual([['s1'], [2], 2, 0])
      }),
      { numRuns: 30 },
    )
  })
})

describe('a shown tally', () => {
  it.each([63, 64])('shows all of %i states, by UTF-8 bytes', (count) => {
    const tally = new Tally()
    for (const state of names(count).reverse()) tally.add(state, 1)
    expect(shown(tally)).toEqual({
      entries: names(count)
        .sort(compareUtf8)
        .map((state) => [state, 1]),
      rest: undefined,
    })
  })

  it('shows the 64 heaviest of 65, of equal weight the first by UTF-8 bytes', () => {
    const all = names(65).map((state) => [state, state === 's64' ? 2 : 1] as const)
    const { entries, rest } = shownTally(all)
    const sorted = names(65).sort(compareUtf8)
    expect(entries.map(([state]) => state)).toEqual(sorted.slice(0, -1))
    expect(rest).toEqual({ states: 1, weight: 1 })
    expect(shownTally(all.map(([state]) => [state, state === 's99' ? 2 : 1])).rest).toEqual({ states: 1, weight: 1 })
    expect(shownTally(all.map(([state]) => [state, state === sorted.at(-1) ? 9 : 1])).entries.at(-1)).toEqual([
      sorted.at(-1),
      9,
    ])
  })

  it('accounts for all weight, and omits nothing heavier than what it shows', () => {
    const weights = fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 200, size: 'max' })
    fc.assert(
      fc.property(weights, (all) => {
        const states = all.map((weight, i) => [`s${i}`, weight] as const)
        const { entries, rest = { states: 0, weight: 0 } } = shownTally(states)
        expect(entries.length).toBe(Math.min(all.length, LIMITS.talliedStates))
        expect(entries.length + rest.states).toBe(all.length)
        expect(entries.reduce((sum, [, weight]) => sum + weight, rest.weight)).toBe(all.reduce((a, b) => a + b, 0))
        const named = new Set(entries.map(([state]) => state))
        const least = Math.min(...entries.map(([, weight]) => weight))
        for (const [state, weight] of states) if (!named.has(state)) expect(weight).toBeLessThanOrEqual(least)
      }),
    )
  })
})
