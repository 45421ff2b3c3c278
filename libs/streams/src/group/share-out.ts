import { matchEvenly } from './matching'
import type { MemberState } from './member-data'

/** A member as the assignor sees it; `state` is undefined for one that is not ours. */
export interface Candidate {
  readonly id: string
  readonly state: MemberState | undefined
}

export const positionOf = (member: Candidate, partition: number): number => member.state?.positions[partition] ?? 0

/** The members whose local file has something of a partition, the nearest to its end first. */
export function warm(members: readonly Candidate[], partition: number): Candidate[] {
  return members
    .filter((member) => positionOf(member, partition) > 0)
    .sort((a, b) => positionOf(b, partition) - positionOf(a, partition) || (a.id < b.id ? -1 : 1))
}

/**
 * Shares the partitions out within ±1. Each member keeps what it owns, up to its share, and gives up first what another
 * with room has the file of. What is free goes to whom it is nearest, as many as can be; the rest to those with the
 * least. `members` in order of id.
 */
export function shareOut(members: readonly Candidate[], partitions: number): Map<string, number[]> {
  const least = Math.floor(partitions / members.length)
  let extra = partitions % members.length
  const shares = new Map<string, number[]>(members.map(({ id }) => [id, []]))
  const size = (id: string): number => shares.get(id)!.length
  const free = new Set(Array.from({ length: partitions }, (_, p) => p))
  const give = (partition: number, id: string): void => {
    free.delete(partition)
    shares.get(id)!.push(partition)
  }

  const hungry = members.filter(({ state }) => (state?.owned.length ?? 0) < least)
  const wantedBy = (p: number): number => hungry.reduce((most, member) => Math.max(most, positionOf(member, p)), 0)
  // Those who own more are asked first, so that the places for one partition more go to them.
  const byOwned = [...members].sort((a, b) => (b.state?.owned.length ?? 0) - (a.state?.owned.length ?? 0))
  for (const { id, state } of byOwned) {
    const owned = [...new Set(state?.owned)].filter((p) => free.has(p))
    const room = least + (extra > 0 && owned.length > least ? 1 : 0)
    if (room > least) extra--
    owned.sort((a, b) => wantedBy(a) - wantedBy(b) || a - b)
    for (const p of owned.slice(0, room)) give(p, id)
  }

  const nearest = (p: number): string[] => warm(members, p).map(({ id }) => id)
  const sizes = new Map(members.map(({ id }) => [id, size(id)]))
  for (const [p, id] of matchEvenly([...free], nearest, { sizes, least, extra })) give(p, id)
  for (const p of free)
    give(
      p,
      members.reduce((best, { id }) => (size(id) < size(best) ? id : best), members[0]!.id),
    )
  for (const share of shares.values()) share.sort((a, b) => a - b)
  return shares
}
