import type { Statement } from 'better-sqlite3'
import { LogError } from '../src/errors'
import type { Connection } from './database'

/** Who holds each fencing identity: the taker of its highest epoch. */
export class FencedIdentities {
  private readonly epochs: Map<string, number>
  private readonly upsert: Statement<[string, number]>

  constructor(connection: Connection) {
    const rows = connection.prepare<[], [string, number]>('SELECT id, epoch FROM identity').raw().all()
    this.epochs = new Map(rows)
    this.upsert = connection.prepare(
      'INSERT INTO identity (id, epoch) VALUES (?, ?) ON CONFLICT DO UPDATE SET epoch = excluded.epoch',
    )
  }

  /** At once, not when it is on the disk: what the predecessor asked for before this comes before it in the journal. */
  take(id: string): number {
    const epoch = (this.epochs.get(id) ?? 0) + 1
    this.epochs.set(id, epoch)
    return epoch
  }

  /** Inside a transaction. */
  save(id: string, epoch: number): void {
    this.upsert.run(id, epoch)
  }

  check(id: string, epoch: number): void {
    const present = this.epochs.get(id)
    if (present === epoch) return
    throw new LogError(
      'LOG_FENCED',
      `${id} was taken again (epoch ${String(present)}, this is ${epoch}); nothing was committed.`,
    )
  }
}
