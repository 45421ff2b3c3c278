import type { JoinedMember, Share } from '@quorate/log'
import { decodeUp, encodeDown, type Directory } from './member-data'
import { type Candidate, shareOut } from './share-out'
import { placeStandbys } from './standby-placement'

/**
 * Who owns what and who stands by, from what the members say of themselves: sticky, within ±1, standbys beside nobody's
 * active task. Members without our metadata take part and own nothing yet; they get no standby. Pure; the order of
 * members does not matter. The whole map goes down to everyone.
 */
export function assign(members: readonly JoinedMember[], partitions: number, standbys = 0): Map<string, Share> {
  const candidates: Candidate[] = members
    .map(({ memberId, userData }) => ({ id: memberId, state: decodeUp(userData) }))
    .sort((a, b) => (a.id < b.id ? -1 : 1))
  const shares = shareOut(candidates, partitions)
  const owners = new Array<string>(partitions)
  for (const [id, share] of shares) for (const p of share) owners[p] = id
  const directory: Directory = {
    members: Object.fromEntries(
      candidates.map(({ id, state }) => [id, { url: state?.url ?? '', version: state?.version ?? '' }]),
    ),
    owners,
    standbys: placeStandbys(candidates, shares, partitions, standbys),
  }
  const userData = encodeDown(directory)
  return new Map(candidates.map(({ id }) => [id, { partitions: shares.get(id)!, userData }]))
}
