import { Problem } from '@quorate/http'
import type { Position } from '@quorate/log'

/** Offsets by partition, as `Quorate-Position` and `Quorate-Min-Position` write them: `0@17, 3@5`. */
export type Positions = ReadonlyMap<number, number>

export const formatPositions = (positions: Positions): string =>
  [...positions]
    .sort(([a], [b]) => a - b)
    .map(([partition, offset]) => `${partition}@${offset}`)
    .join(', ')

/** The last offset of each partition. */
export function lastOf(positions: Iterable<Pick<Position, 'partition' | 'offset'>>): Map<number, number> {
  const last = new Map<number, number>()
  for (const { partition, offset } of positions) last.set(partition, Math.max(offset, last.get(partition) ?? -1))
  return last
}

/**
 * `-1` stands for a partition that has nothing yet, as answers about it say. `partitions`: how many there are; 0: not
 * known yet.
 * @throws Problem 400
 */
export function parsePositions(header: string | undefined, partitions = 0): Positions | undefined {
  if (header === undefined) return undefined
  const positions = new Map<number, number>()
  for (const part of header.split(',')) {
    const found = /^\s*(\d{1,6})@(-1|\d{1,16})\s*$/.exec(part)
    if (!found)
      throw new Problem(
        'malformed',
        'Quorate-Min-Position must be a list such as "0@17, 3@5", as answers give it in Quorate-Position.',
      )
    const partition = Number(found[1])
    if (partitions > 0 && partition >= partitions)
      throw new Problem(
        'malformed',
        `Quorate-Min-Position names partition ${partition}; there are ${partitions}, from 0. Was it answered by another system?`,
      )
    positions.set(partition, Number(found[2]))
  }
  return positions
}
