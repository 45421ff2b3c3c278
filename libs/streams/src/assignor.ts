import type { JoinedMember, Share } from '@quorate/log'
import { decodeUp, encodeDown, type Directory } from './member-data'

/**
 * Shares partitions out within ±1, moving as few as can be: each member keeps what it says it owns, up to its share; the rest goes
 * to those with the least. Members without our metadata take part and own nothing yet. Pure; the order of members does not matter.
 */
export function assign(members: readonly JoinedMember[], partitions: number): Map<string, Share> {
  const ids = members.map((m) => m.memberId).sort()
  const up = new Map(members.map((m) => [m.memberId, decodeUp(m.userData)]))
  const least = Math.floor(partitions / ids.length)
  let extra = partitions % ids.length
  const taken = new Set<number>()
  const shares = new Map<string, number[]>(ids.map((id) => [id, []]))

  // Those who own more are asked first, so that the places for one partition more go to them.
  const byOwned = [...ids].sort(
    (a, b) => (up.get(b)?.owned.length ?? 0) - (up.get(a)?.owned.length ?? 0) || (a < b ? -1 : 1),
  )
  for (const id of byOwned) {
    const wanted = (up.get(id)?.owned ?? []).filter((p) => p < partitions && !taken.has(p)).sort((a, b) => a - b)
    const room = least + (extra > 0 && wanted.length > least ? 1 : 0)
    if (room > least) extra--
    for (const p of wanted.slice(0, room)) {
      taken.add(p)
      shares.get(id)!.push(p)
    }
  }
  for (let p = 0; p < partitions; p++) {
    if (taken.has(p)) continue
    const id = ids.reduce((best, other) => (shares.get(other)!.length < shares.get(best)!.length ? other : best))
    shares.get(id)!.push(p)
  }

  const directory: Directory = {
    members: Object.fromEntries(
      ids.map((id) => [id, { url: up.get(id)?.url ?? '', version: up.get(id)?.version ?? '' }]),
    ),
    owners: Array.from({ length: partitions }, (_, p) => ids.find((id) => shares.get(id)!.includes(p))!),
    standbys: Array.from({ length: partitions }, () => []),
  }
  const userData = encodeDown(directory)
  return new Map(ids.map((id) => [id, { partitions: shares.get(id)!.sort((a, b) => a - b), userData }]))
}
