import { matchEvenly } from './matching'
import { type Candidate, warm } from './share-out'

/**
 * Where each partition's standbys are, the nearest first: never beside its active task, in as many members as
 * `standbys` says or as there are. Round by round; in each, the partitions of one owner are spread so that after its
 * death the survivors share evenly *without moving a file*: a member stands by for no more of them than its even share
 * would then let it take. Within that the members that have the file already come first, the nearest of them before the
 * others. A function of its arguments alone: who knows the members and the owners knows the standbys.
 */
export function placeStandbys(
  members: readonly Candidate[],
  shares: ReadonlyMap<string, readonly number[]>,
  partitions: number,
  standbys: number,
): string[][] {
  const placed: string[][] = Array.from({ length: partitions }, () => [])
  // A member that is not ours would not know what to do.
  const able = members.filter(({ state }) => state !== undefined)
  const load = new Map(able.map(({ id }) => [id, 0]))
  for (let round = 0; round < standbys; round++)
    for (const [turn, owner] of members.entries()) {
      const others = [...members.slice(turn + 1), ...members.slice(0, turn)].filter((other) => able.includes(other))
      const found = placeOf(owner, others, { shares, partitions, placed, load })
      for (const [p, id] of found) {
        placed[p]!.push(id)
        load.set(id, load.get(id)! + 1)
      }
    }
  return placed
}

interface Ground {
  readonly shares: ReadonlyMap<string, readonly number[]>
  readonly partitions: number
  readonly placed: readonly (readonly string[])[]
  /** Standbys by member so far. */
  readonly load: ReadonlyMap<string, number>
}

/** One more standby for each partition of `owner`; `others` in the ring's order after it. */
function placeOf(
  owner: Candidate,
  others: readonly Candidate[],
  { shares, partitions, placed, load }: Ground,
): Map<number, string> {
  const own = shares.get(owner.id)!
  if (others.length === 0) return new Map()
  // The even shares once the owner is gone, members that are not ours included: they count in the next assignment too.
  const survivors = [...shares].filter(([id]) => id !== owner.id)
  const least = Math.floor(partitions / survivors.length)
  const above = survivors.filter(([, share]) => share.length > least).length
  const extra = Math.max(0, (partitions % survivors.length) - above)
  const sizes = new Map(others.map(({ id }) => [id, shares.get(id)!.length]))
  const allowed = (p: number): Candidate[] => others.filter(({ id }) => !placed[p]!.includes(id))
  const found = matchEvenly(own, (p) => warm(allowed(p), p).map(({ id }) => id), { sizes, least, extra })
  const taken = new Map<string, number>()
  for (const id of found.values()) taken.set(id, (taken.get(id) ?? 0) + 1)
  for (const p of own) {
    if (found.has(p)) continue
    // Would-be load after the owner's death first, then all standbys, then the ring.
    const after = (id: string): number => shares.get(id)!.length + (taken.get(id) ?? 0)
    const all = (id: string): number => load.get(id)! + (taken.get(id) ?? 0)
    const best = allowed(p).reduce<string | undefined>(
      (a, { id: b }) => (a === undefined || after(b) < after(a) || (after(b) === after(a) && all(b) < all(a)) ? b : a),
      undefined,
    )
    if (best === undefined) continue
    found.set(p, best)
    taken.set(best, (taken.get(best) ?? 0) + 1)
  }
  return found
}
