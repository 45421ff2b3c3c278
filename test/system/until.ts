import { setTimeout as delay } from 'node:timers/promises'

/**
 * Polls until the result is not undefined or false. A call that throws counts as "not yet"; the last error is reported
 * on timeout.
 */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined | false> | T | undefined | false,
  timeoutMs = 30_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs
  let reason: unknown
  for (;;) {
    try {
      const answer = await ask()
      if (answer !== undefined && answer !== false) return answer
      reason = undefined
    } catch (error) {
      reason = error
    }
    if (Date.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`, { cause: reason })
    await delay(50)
  }
}
