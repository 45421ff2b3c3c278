/**
 * Gives as many partitions as can be to a member that they prefer, as far as the members have room: augmenting paths, so that a
 * partition which came first moves over to its second choice where the one that came later has none. The answer follows from the order
 * of `partitions` and of each one's `choices` alone.
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
