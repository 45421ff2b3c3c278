import type { Policy } from '@quorate/contracts'

/**
 * The weight needed, computed from the electorate's weight `E`; never lowered to the participants present (vote.md 3).
 */
export type Quorum = (electorate: number) => number

export function quorumOf(quorum: Policy['quorum']): Quorum {
  if (typeof quorum === 'number') return () => quorum
  if (quorum === 'half') return (electorate) => Math.max(1, Math.ceil(electorate / 2))
  if (quorum === 'majority') return (electorate) => Math.floor(electorate / 2) + 1
  const share = Number.parseInt(quorum, 10)
  return (electorate) => Math.max(1, Math.floor((share * electorate + 99) / 100))
}

/** There is quorum if and only if `W ≥ Q` and `W > 0`. */
export const isQuorate = (participants: number, needed: number): boolean => participants > 0 && participants >= needed
