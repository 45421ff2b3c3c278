import type { JoinedMember } from '@quorate/log'
import fc from 'fast-check'
import { assign } from './assignor'
import { decodeDown, type Directory, encodeUp, type MemberState } from './member-data'

const END = 1_000

interface Known {
  readonly id: string
  readonly owned: readonly number[]
  readonly positions: Readonly<Record<number, number>>
}

const joined = ({ id, ...state }: Known): JoinedMember => {
  const up: MemberState = { url: `http://${id}`, version: '1', ...state }
  return { memberId: id, userData: encodeUp(up) }
}

const directoryOf = (members: readonly Known[], partitions: number, standbys: number): Directory =>
  decodeDown([...assign(members.map(joined), partitions, standbys).values()][0]!.userData)!

/** The same members as they are once all have caught up, with whatever files they had before. */
const settled = (members: readonly Known[], { owners, standbys }: Directory): Known[] =>
  members.map(({ id, positions }) => {
    const owned = owners.flatMap((owner, p) => (owner === id ? [p] : []))
    const followed = standbys.flatMap((ids, p) => (ids.includes(id) ? [p] : []))
    const here = Object.fromEntries([...owned, ...followed].map((p) => [p, END]))
    return { id, owned, positions: { ...positions, ...here } }
  })

const partitions = fc.integer({ min: 1, max: 24 })
const file = fc.record({ p: fc.integer({ min: 0, max: 23 }), position: fc.integer({ min: 1, max: END }) })
const group = fc
  .record({
    partitions,
    standbys: fc.integer({ min: 0, max: 3 }),
    members: fc.array(
      fc.record({
        owned: fc.uniqueArray(fc.integer({ min: 0, max: 23 }), { maxLength: 8 }),
        files: fc.array(file, { maxLength: 12 }),
      }),
      { minLength: 1, maxLength: 6 },
    ),
  })
  .map(({ members, ...rest }) => ({
    ...rest,
    members: members.map(({ owned, files }, m) => ({
      id: `m${m}`,
      owned: owned.filter((p) => p < rest.partitions),
      positions: Object.fromEntries(files.filter(({ p }) => p < rest.partitions).map((f) => [f.p, f.position])),
    })),
  }))
const several = group.filter(({ members, standbys }) => members.length > 1 && standbys > 0)

describe('placing standbys', () => {
  it('gives every partition as many as were asked for or as there are others, never beside its active task', () => {
    fc.assert(
      fc.property(group, ({ members, standbys, ...g }) => {
        const directory = directoryOf(members, g.partitions, standbys)
        for (const [p, ids] of directory.standbys.entries()) {
          expect(new Set(ids).size).toBe(Math.min(standbys, members.length - 1))
          expect(ids).not.toContain(directory.owners[p])
        }
      }),
    )
  })

  it('does not depend on the order of the members', () => {
    fc.assert(
      fc.property(group, ({ members, standbys, ...g }) => {
        expect(directoryOf([...members].reverse(), g.partitions, standbys)).toEqual(
          directoryOf(members, g.partitions, standbys),
        )
      }),
    )
  })

  it('moves nothing once everything is where it was placed', () => {
    fc.assert(
      fc.property(group, ({ members, standbys, ...g }) => {
        const first = directoryOf(members, g.partitions, standbys)
        const second = directoryOf(settled(members, first), g.partitions, standbys)
        expect(second.owners).toEqual(first.owners)
      }),
    )
  })

  it('lets the survivors of any one member share evenly without restoring a single partition', () => {
    fc.assert(
      fc.property(several, fc.nat(), ({ members, standbys, ...g }, who) => {
        const before = settled(members, directoryOf(members, g.partitions, standbys))
        const dead = before[who % before.length]!
        // What they had before does not help here: only what the placement gave them.
        const first = directoryOf(members, g.partitions, standbys)
        const survivors = settled(
          members.map((m) => ({ ...m, positions: {} })),
          first,
        ).filter(({ id }) => id !== dead.id)
        const { owners } = directoryOf(survivors, g.partitions, standbys)
        for (const p of dead.owned) expect(survivors.find(({ id }) => id === owners[p])!.positions[p]).toBe(END)
        const sizes = survivors.map(({ id }) => owners.filter((owner) => owner === id).length)
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
      }),
      { numRuns: 500 },
    )
  })

  it('spreads what nobody has yet: no member stands by for more than its share and one of each other', () => {
    fc.assert(
      fc.property(several, ({ members, ...g }) => {
        const fresh = members.map(({ id }) => ({ id, owned: [], positions: {} }))
        const { standbys } = directoryOf(fresh, g.partitions, 1)
        const load = fresh.map(({ id }) => standbys.filter((ids) => ids.includes(id)).length)
        expect(Math.max(...load)).toBeLessThanOrEqual(Math.ceil(g.partitions / members.length) + members.length - 1)
      }),
    )
  })

  it('prefers the member whose file is nearest to the end', () => {
    const members = [
      { id: 'a', owned: [0], positions: { 0: END } },
      { id: 'b', owned: [1], positions: { 1: END, 0: 10 } },
      { id: 'c', owned: [2], positions: { 2: END, 0: 900 } },
    ]
    expect(directoryOf(members, 3, 1).standbys[0]).toEqual(['c'])
    expect(directoryOf(members, 3, 2).standbys[0]).toEqual(['c', 'b'])
  })

  it('gives a newcomer back the partitions that it has the files of', () => {
    const members = [
      { id: 'a', owned: [0, 1, 2, 3], positions: { 0: END, 1: END, 2: END, 3: END } },
      { id: 'b', owned: [], positions: { 1: 900, 2: 950 } },
    ]
    expect(directoryOf(members, 4, 1).owners).toEqual(['a', 'b', 'b', 'a'])
  })

  it('bears members that are not ours, and gives them no standby', () => {
    const stranger = { memberId: 'z', userData: Buffer.from([1, 2, 3]) }
    const shares = assign([joined({ id: 'a', owned: [], positions: {} }), stranger], 4, 1)
    const directory = decodeDown(shares.get('a')!.userData)!
    expect(directory.standbys.flat()).not.toContain('z')
    for (const [p, owner] of directory.owners.entries())
      expect(directory.standbys[p]).toEqual(owner === 'z' ? ['a'] : [])
  })
})
