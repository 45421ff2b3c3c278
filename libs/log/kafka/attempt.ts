import { setTimeout as delay } from 'node:timers/promises'
import type { Cluster } from './cluster'
import type { Connections } from './connections'
import { COORDINATOR_MOVED, NoAnswer, ProtocolError, Unreachable } from './protocol-errors'
import type { CoordinatorKind } from './requests/find-coordinator'
import type { Request } from './requests/request'

export const FIRST_PAUSE_MS = 2
export const MAX_PAUSE_MS = 50

/** How long the steps of one commit try. When one of them has failed for good, the other does not go on in vain. */
export class Attempt {
  private readonly deadline: number
  private abandoned = false

  constructor(
    private readonly cluster: Cluster,
    private readonly connections: Connections,
    timeoutMs: number,
  ) {
    this.deadline = performance.now() + timeoutMs
  }

  get over(): boolean {
    return this.abandoned || performance.now() > this.deadline
  }

  /** Ends the attempt for the steps beside it if this one fails. */
  async step(work: Promise<void>): Promise<void> {
    try {
      await work
    } catch (error) {
      this.abandoned = true
      throw error
    }
  }

  /**
   * Sends to a coordinator until it accepts or refuses for good, finding it again when it has moved. `judge` throws
   * what it refuses. A request that was sent and never answered is repeated only if that is safe.
   */
  async insist<Answer>(
    [kind, key]: readonly [CoordinatorKind, string],
    request: Request<Answer>,
    judge: (answer: Answer) => void,
    evenUnanswered = false,
  ): Promise<Answer> {
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, MAX_PAUSE_MS)) {
      try {
        const answer = await this.connections.send(await this.cluster.coordinatorOf(kind, key), request)
        judge(answer)
        return answer
      } catch (error) {
        const silent = error instanceof NoAnswer
        const refused = error instanceof ProtocolError ? error : undefined
        if (silent || (refused && COORDINATOR_MOVED.has(refused.code))) this.cluster.forgetCoordinator(kind, key)
        const again = silent ? evenUnanswered || error instanceof Unreachable : refused?.retriable
        if (!again || this.over) throw error
      }
      await delay(pause)
    }
  }
}
