import { Problem, type UnavailableReason } from '@quorate/http'
import type { RunningTask } from '@quorate/streams'
import type { Owners } from './owners'

/** A partition that cannot answer now. */
export interface MissingPartition {
  readonly partition: number
  readonly reason: UnavailableReason
}

/** Where partitions answer: tasks here, other instances by address, and those that cannot answer now. */
export interface Locations {
  readonly here: readonly RunningTask[]
  readonly elsewhere: ReadonlyMap<string, readonly number[]>
  readonly missing: readonly MissingPartition[]
}

/** Finds the owners of the given partitions, or of all. @throws Problem before this instance has joined its group */
export function locate(owners: Owners, forwarded: boolean, partitions?: readonly number[]): Locations {
  const count = owners.partitions
  const here: RunningTask[] = []
  const elsewhere = new Map<string, number[]>()
  const missing: MissingPartition[] = []
  for (const partition of partitions ?? Array.from({ length: count }, (_, p) => p)) {
    try {
      const { task, url } = owners.find(partition, forwarded)
      if (task) here.push(task)
      else elsewhere.set(url, [...(elsewhere.get(url) ?? []), partition])
    } catch (error) {
      missing.push({ partition, reason: unavailableReason(error) })
    }
  }
  return { here, elsewhere, missing }
}

const REASONS: readonly string[] = [
  'restoring',
  'rebalancing',
  'owner-unreachable',
  'not-up-to-bound',
  'no-owner',
] satisfies UnavailableReason[]

/** Why a partition cannot answer; any other error is thrown on. */
export function unavailableReason(error: unknown): UnavailableReason {
  if (error instanceof Problem && REASONS.includes(error.code)) return error.code as UnavailableReason
  throw error
}
