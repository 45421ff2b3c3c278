import type { VoteObject } from './object'

/**
 * Updates the flapping mark, which suppresses nothing (vote.md 5): set by many changes within the window, cleared when
 * at most one is left.
 */
export function markFlapping(object: VoteObject, now: number): void {
  const { changes, inForce } = object
  const recent = changes.length === 0 ? 0 : within(changes, now - inForce.flapWindow)
  if (object.flapping) object.flapping = recent > 1
  else object.flapping = recent >= inForce.policy.flap.changes
}

function within(changes: readonly number[], after: number): number {
  let recent = 0
  for (let i = changes.length - 1; i >= 0 && changes[i]! > after; i--) recent++
  return recent
}

/** When the second-newest change leaves the window. */
export const flappingEnds = ({ changes, inForce }: VoteObject): number =>
  (changes.at(-2) ?? -Infinity) + inForce.flapWindow
