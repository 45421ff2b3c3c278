/**
 * Gives as many partitions as can be to a member that they prefer, as far as the members have room: augmenting paths,
 * so that a partition which came first moves over to its second choice where the one that came later has none. The
 * answer follows from the order of `partitions` and of each one's `choices` alone.
 */
export function match(
  partitions: readonly number[],
  choices: (partition: number) => readonly string[],
  room: ReadonlyMap<string, number>,
): Map<number, string> {
  const found = new Map<number, string>()
  const held = new Map<string, Set<number>>()
  const of = (member: string): Set<number> => {
    let set = held.get(member)
    if (!set) held.set(member, (set = new Set()))
    return set
  }
  const settle = (partition: number, member: string): void => {
    const before = found.get(partition)
    if (before !== undefined) of(before).delete(partition)
    found.set(partition, member)
    of(member).add(partition)
  }
  const seat = (partition: number, asked: Set<string>): boolean => {
    for (const member of choices(partition)) {
      if (asked.has(member)) continue
      asked.add(member)
      if (of(member).size < (room.get(member) ?? 0) || [...of(member)].some((other) => seat(other, asked))) {
        settle(partition, member)
        return true
      }
    }
    return false
  }
  for (const partition of partitions) seat(partition, new Set())
  return found
}

/** What members have, and the shares they may come to: `least` each, and one more for as many as `extra` says. */
export interface Evenness {
  readonly sizes: ReadonlyMap<string, number>
  readonly least: number
  readonly extra: number
}

/**
 * The same where the shares are to stay even: the places for one more go where they let another partition have its
 * choice.
 */
export function matchEvenly(
  partitions: readonly number[],
  choices: (partition: number) => readonly string[],
  { sizes, least, extra }: Evenness,
): Map<number, string> {
  const room = new Map([...sizes].map(([id, size]) => [id, Math.max(0, least - size)]))
  let found = match(partitions, choices, room)
  for (let left = extra; left > 0; left--) {
    const open = partitions.filter((p) => !found.has(p))
    if (open.length === 0) break
    // Those that an open partition wants come first, the nearest before the others; then who only makes way for
    // another.
    const better = [...new Set([...open.flatMap((p) => [...choices(p)]), ...sizes.keys()])]
      .filter((id) => room.get(id) === least - sizes.get(id)!)
      .find((id) => match(partitions, choices, new Map(room).set(id, room.get(id)! + 1)).size > found.size)
    if (better === undefined) break
    room.set(better, room.get(better)! + 1)
    found = match(partitions, choices, room)
  }
  return found
}
