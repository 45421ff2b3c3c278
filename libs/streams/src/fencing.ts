import type { Log, Transactor } from '@quorate/log'
import { unlessAborted } from './unless-aborted'

/** Takes a task's fencing identity. Told to stop it does so at once: the fence that still comes is given back. */
export function fence(log: Log, id: string, signal: AbortSignal): Promise<Transactor> {
  return unlessAborted(log.fence(id), signal, (late) => void late.close().catch(() => undefined))
}
