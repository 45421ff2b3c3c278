import type { Appended, Transaction, Transactor } from '@quorate/log'
import type { Life } from './life'

/** Dead after any rejection, injected or not, as the port says. */
export class FaultyTransactor implements Transactor {
  readonly id: string
  private dead: Error | undefined

  constructor(
    private readonly inner: Transactor,
    private readonly run: (transaction: Transaction) => Promise<Appended[]>,
    private readonly life: Life,
  ) {
    this.id = inner.id
  }

  async commit(transaction: Transaction): Promise<Appended[]> {
    if (this.dead) throw this.dead
    try {
      return await this.run(transaction)
    } catch (error) {
      this.dead = error as Error
      throw error
    }
  }

  close(): Promise<void> {
    return this.life.alive(() => this.inner.close())
  }
}
