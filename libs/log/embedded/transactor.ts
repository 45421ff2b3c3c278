import { LogError } from '../src/errors'
import type { Appended, Transaction, Transactor } from '../src/log'

/** What a commit may still do: asked at each call, in the order of calls, which is the order of the journal. */
export interface Fencing {
  /** Throws LOG_FENCED when another has taken the id, LOG_CLOSED when the log is closed. */
  check(id: string, epoch: number): void
  write(transaction: Transaction): Promise<Appended[]>
}

export class EmbeddedTransactor implements Transactor {
  private dead: Error | undefined

  constructor(
    readonly id: string,
    private readonly epoch: number,
    private readonly fencing: Fencing,
  ) {}

  async commit(transaction: Transaction): Promise<Appended[]> {
    if (this.dead) throw this.dead
    try {
      this.fencing.check(this.id, this.epoch)
      return await this.fencing.write(transaction)
    } catch (error) {
      this.dead = error as Error
      throw error
    }
  }

  async close(): Promise<void> {
    this.dead ??= new LogError('LOG_CLOSED', `the identity ${this.id}.`)
  }
}
