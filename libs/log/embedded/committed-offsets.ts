import type { Statement } from 'better-sqlite3'
import type { Offset } from '../src/record'
import type { Connection } from './database'

/** The offsets that groups have committed, all of them in memory. */
export class CommittedOffsets {
  private readonly offsets = new Map<string, Offset>()
  private readonly upsert: Statement<[string, string, number, number]>

  constructor(connection: Connection) {
    const rows = connection
      .prepare<[], [string, string, number, number]>('SELECT group_id, topic, partition, position FROM committed')
      .raw()
      .all()
    for (const [group, topic, partition, offset] of rows) this.offsets.set(keyOf(group, topic, partition), offset)
    this.upsert = connection.prepare(
      `INSERT INTO committed (group_id, topic, partition, position) VALUES (?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET position = excluded.position`,
    )
  }

  get(group: string, topic: string, partition: number): Offset | undefined {
    return this.offsets.get(keyOf(group, topic, partition))
  }

  /** Inside a transaction. */
  write(group: string, topic: string, partition: number, offset: Offset): void {
    this.upsert.run(group, topic, partition, offset)
  }

  /** Once durable. */
  set(group: string, topic: string, partition: number, offset: Offset): void {
    this.offsets.set(keyOf(group, topic, partition), offset)
  }

  /** The topic is gone. */
  forget(topic: string): void {
    for (const key of this.offsets.keys()) if (key.split('\0')[1] === topic) this.offsets.delete(key)
  }
}

const keyOf = (group: string, topic: string, partition: number): string => `${group}\0${topic}\0${partition}`
