import type { Json, Pol, Result } from './reference-types'

export const bytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))

/** The 64 heaviest states, then by bytes; the others together. */
export function shown(tally: Map<string, number>): Json {
  const ranked = [...tally].sort(([a, x], [b, y]) => y - x || bytes(a, b))
  const heaviest = ranked.slice(0, 64).sort(([a], [b]) => bytes(a, b))
  const others = ranked.slice(64)
  const rest = { states: others.length, weight: others.reduce((sum, [, weight]) => sum + weight, 0) }
  return { tally: Object.fromEntries(heaviest), ...(others.length > 0 ? { tallyRest: rest } : {}) }
}

/** One run of sections 3 and 4. */
export function run(votes: [string, string, number][], E: number, p: Pol, previous: string): Result {
  const tally = new Map<string, number>()
  let W = 0
  for (const [, state, weight] of votes) {
    tally.set(state, (tally.get(state) ?? 0) + weight)
    W += weight
  }
  let Q = Math.max(1, Math.ceil(E / 2))
  if (p.quorum === 'majority') Q = Math.floor(E / 2) + 1
  else if (typeof p.quorum === 'number') Q = p.quorum
  else if (p.quorum.endsWith('%')) {
    // In integers: the smallest Q with 100 Q ≥ share · E.
    Q = 1
    while (100 * Q < Number(p.quorum.slice(0, -1)) * E) Q++
  }
  const base = { tally, W, E, Q }
  if (W < Q || W === 0) return { ...base, quorum: false, winner: null, contested: false, rule: null }
  const severe =
    p.states === null ? p.thresholds : [...p.thresholds].sort(([a], [b]) => p.states!.indexOf(b) - p.states!.indexOf(a))
  for (const [state, needed] of severe) {
    if ((tally.get(state) ?? 0) >= needed) {
      return { ...base, quorum: true, winner: state, contested: false, rule: 'threshold' }
    }
  }
  if (p.method === 'majority') {
    const winner = [...tally].find(([, weight]) => weight > W / 2)?.[0] ?? null
    return { ...base, quorum: true, winner, contested: winner === null, rule: 'majority' }
  }
  // Every vote repeated by its weight, in order: the median is the middle one, or the middle two.
  const line: number[] = []
  for (const [state, weight] of tally) for (let i = 0; i < weight; i++) line.push(p.states!.indexOf(state))
  line.sort((a, b) => a - b)
  const lo = line[Math.floor((W - 1) / 2)]!
  const hi = line[Math.floor(W / 2)]!
  if (lo === hi) return { ...base, quorum: true, winner: p.states![lo]!, contested: false, rule: 'ordered' }
  const at = previous === 'unknown' ? -1 : p.states!.indexOf(previous)
  const winner = at < 0 ? null : at < lo ? p.states![lo]! : at > hi ? p.states![hi]! : previous
  return { ...base, quorum: true, winner, contested: true, rule: 'ordered' }
}
