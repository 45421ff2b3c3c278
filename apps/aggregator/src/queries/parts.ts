import { Problem } from '@quorate/http'
import { type MissingPartition, unavailableReason } from '@quorate/routing'

/** A partition that could not answer. */
export interface Missing extends Omit<MissingPartition, 'reason'> {
  readonly reason: MissingPartition['reason'] | 'position-timeout'
}

/** Asks a peer for its part: only this instance's partitions. */
export const PARTS = 'quorate-partitions'

/** Why a partition could not answer; any other error is thrown on. */
export function reasonOf(error: unknown): Missing['reason'] {
  if (error instanceof Problem && error.code === 'position-timeout') return error.code
  return unavailableReason(error)
}
