import fc from 'fast-check'
import { assign } from './assignor'
import { decodeDown, encodeUp } from './member-data'

const member = (memberId: string, owned: readonly number[] = []) => ({
  memberId,
  userData: encodeUp({ url: `http://${memberId}`, version: '1', owned, positions: {} }),
})

/** A group as a previous assignment may have left it: every partition owned by at most one. */
const group = fc
  .record({
    members: fc.integer({ min: 1, max: 6 }),
    partitions: fc.integer({ min: 1, max: 20 }),
    owners: fc.array(fc.integer({ min: -1, max: 7 }), { minLength: 20, maxLength: 20 }),
  })
  .map(({ members, partitions, owners }) => ({
    partitions,
    members: Array.from({ length: members }, (_, m) =>
      member(
        `m${m}`,
        owners.slice(0, partitions).flatMap((o, p) => (o === m ? [p] : [])),
      ),
    ),
    owned: owners.slice(0, partitions).map((o) => (o >= 0 && o < members ? `m${o}` : undefined)),
  }))

describe('sharing partitions out', () => {
  it('gives each partition to one member, evenly within one', () => {
    fc.assert(
      fc.property(group, ({ members, partitions }) => {
        const shares = [...assign(members, partitions).values()].map((s) => s.partitions)
        expect(shares.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: partitions }, (_, p) => p))
        const sizes = shares.map((s) => s.length)
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
      }),
    )
  })

  it('moves only what balance demands', () => {
    fc.assert(
      fc.property(group, ({ members, partitions, owned }) => {
        const shares = assign(members, partitions)
        const stayed = owned.filter(
          (owner, p) => owner !== undefined && shares.get(owner)!.partitions.includes(p),
        ).length
        const least = Math.floor(partitions / members.length)
        let extra = partitions % members.length
        const counts = members.map((m) => owned.filter((o) => o === m.memberId).length).sort((a, b) => b - a)
        const most = counts.reduce(
          (sum, count) => sum + (count > least && extra-- > 0 ? least + 1 : Math.min(count, least)),
          0,
        )
        expect(stayed).toBe(most)
      }),
    )
  })

  it('does not depend on the order of the members, and repeats itself', () => {
    fc.assert(
      fc.property(group, ({ members, partitions }) => {
        const first = assign(members, partitions)
        expect([...assign([...members].reverse(), partitions)].sort()).toEqual([...first].sort())
        const again = members.map((m) => member(m.memberId, first.get(m.memberId)!.partitions))
        for (const [id, share] of assign(again, partitions)) expect(share.partitions).toEqual(first.get(id)!.partitions)
      }),
    )
  })

  it('sends the whole map down, and bears members that are not ours', () => {
    const shares = assign([member('a'), { memberId: 'b', userData: Buffer.from([1, 2, 3]) }], 3)
    const directory = decodeDown(shares.get('a')!.userData)!
    expect(directory.owners).toHaveLength(3)
    expect(directory.members).toEqual({ a: { url: 'http://a', version: '1' }, b: { url: '', version: '' } })
  })
})
