import { Problem, type UnavailableReason } from '@quorate/http'
import type { Owners } from '@quorate/routing'
import type { RunningTask } from '@quorate/streams'

/** A partition that could not answer. */
export interface Missing {
  readonly partition: number
  readonly reason: UnavailableReason | 'position-timeout'
}

/** Asks a peer for its part: only this instance's partitions. */
export const PARTS = 'quorate-partitions'

/** Who answers for partitions: tasks here, peers with theirs, and those that nobody answers for. */
export interface Places {
  readonly here: readonly RunningTask[]
  readonly there: ReadonlyMap<string, readonly number[]>
  readonly missing: readonly Missing[]
}

/** Finds who answers for the given partitions, or for all. @throws Problem before this instance has joined its group */
export function placesOf(owners: Owners, forwarded: boolean, partitions?: readonly number[]): Places {
  const here: RunningTask[] = []
  const there = new Map<string, number[]>()
  const missing: Missing[] = []
  const { streams } = owners
  if (streams.partitions === 0) throw new Problem('no-owner', 'This instance has not joined its group yet. Try again.')
  for (const partition of partitions ?? Array.from({ length: streams.partitions }, (_, p) => p)) {
    try {
      const place = owners.find(partition, forwarded)
      if (place.task) here.push(place.task)
      else there.set(place.url, [...(there.get(place.url) ?? []), partition])
    } catch (error) {
      missing.push({ partition, reason: reasonOf(error) })
    }
  }
  return { here, there, missing }
}

const REASONS: readonly string[] = [
  'restoring',
  'rebalancing',
  'owner-unreachable',
  'not-up-to-bound',
  'no-owner',
  'position-timeout',
] satisfies Missing['reason'][]

/** Why a partition could not answer; anything else is thrown on. */
export function reasonOf(error: unknown): Missing['reason'] {
  if (error instanceof Problem && REASONS.includes(error.code)) return error.code as Missing['reason']
  throw error
}
