import type { Log, Transactor } from '@quorate/log'
import { setTimeout } from 'node:timers/promises'
import { unlessAborted } from '../unless-aborted'

export interface Fencing {
  readonly log: Log
  readonly id: string
  /** Whether the group surely still counts on this process. */
  readonly current: () => boolean
  readonly signal: AbortSignal
}

/** ms between two looks whether the group counts on this process again. */
const LOOK = 100

/**
 * Takes a task's fencing identity, once the group counts on this process. A process that reaches all brokers but the
 * group's coordinator has lost its partitions without hearing of it: fencing unasked, it would take them from their new
 * owner, who would take them back, for as long as that lasts. Told to stop it stops at once: a fence that still comes
 * is given back.
 */
export async function fence({ log, id, current, signal }: Fencing): Promise<Transactor> {
  while (!current()) await setTimeout(LOOK, undefined, { signal })
  return unlessAborted(log.fence(id), signal, (late) => void late.close().catch(() => undefined))
}
