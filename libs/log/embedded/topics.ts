import { randomUUID } from 'node:crypto'
import { LogError } from '../src/errors'
import type { TopicDescription, TopicSpec } from '../src/topic'
import type { Database } from './database'
import type { Journal } from './journal'
import { Partition, type PartitionRow } from './partition'
import { mismatchError, mismatches } from './topic-mismatch'

/** As Kafka's own defaults. */
const DEFAULTS = {
  retentionMs: 7 * 24 * 3_600_000,
  minCompactionLagMs: 0,
  deleteRetentionMs: 24 * 3_600_000,
  maxMessageBytes: 1_048_588,
}

interface TopicRow {
  readonly id: number
  readonly name: string
  readonly uuid: string
  readonly partitions: number
  readonly cleanup_policy: string
  readonly timestamp_type: string
  readonly retention_ms: number
  readonly min_compaction_lag_ms: number
  readonly delete_retention_ms: number
  readonly max_message_bytes: number
}

export interface Topic {
  readonly row: number
  readonly description: TopicDescription
  readonly partitions: readonly Partition[]
}

/** The topics of the file, all of them in memory. */
export class Topics {
  private readonly byName = new Map<string, Topic>()

  constructor(
    private readonly database: Database,
    private readonly journal: Journal,
  ) {
    const names = database.connection.prepare<[], string>('SELECT name FROM topic').pluck().all()
    for (const name of names) this.load(name)
  }

  [Symbol.iterator](): Iterator<Topic> {
    return this.byName.values()
  }

  find(name: string): Topic | undefined {
    return this.byName.get(name)
  }

  get(name: string): Topic {
    const topic = this.byName.get(name)
    if (!topic)
      throw new LogError('LOG_UNKNOWN_TOPIC', `${name} in ${this.database.place}; create it with ensureTopics.`)
    return topic
  }

  partition(name: string, partition: number): Partition {
    const topic = this.get(name)
    const found = topic.partitions[partition]
    if (!found)
      throw new LogError(
        'LOG_UNKNOWN_TOPIC',
        `${name} has partitions 0 to ${topic.partitions.length - 1}, not ${partition}.`,
      )
    return found
  }

  async ensure(specs: readonly TopicSpec[]): Promise<void> {
    const wrong: string[] = []
    const missing: TopicSpec[] = []
    for (const spec of specs) {
      const topic = this.byName.get(spec.name)
      if (topic) wrong.push(...mismatches(spec, topic.description))
      else missing.push(spec)
    }
    if (wrong.length > 0) throw mismatchError(wrong, this.database.place)
    if (missing.length === 0) return
    await this.journal.write({
      writes: [],
      also: () => missing.forEach((spec) => this.create(spec)),
      done: () => missing.forEach((spec) => this.load(spec.name)),
    })
    // A call at the same time may have been first, with another idea of the topic.
    const late = missing.flatMap((spec) => mismatches(spec, this.get(spec.name).description))
    if (late.length > 0) throw mismatchError(late, this.database.place)
  }

  /** Its records and committed offsets too. Created again it has another id. */
  async remove(name: string): Promise<void> {
    const topic = this.get(name)
    this.byName.delete(name)
    for (const partition of topic.partitions) partition.deleted = true
    const { connection } = this.database
    await this.journal.write({
      writes: [],
      also: () => {
        for (const { id } of topic.partitions) connection.exec(`DROP TABLE run_${id}`)
        connection.prepare('DELETE FROM partition WHERE topic = ?').run(topic.row)
        connection.prepare('DELETE FROM topic WHERE id = ?').run(topic.row)
        connection.prepare('DELETE FROM committed WHERE topic = ?').run(name)
      },
      done: () => topic.partitions.forEach((partition) => partition.wake()),
    })
  }

  /** Inside a transaction. */
  private create(spec: TopicSpec): void {
    const { connection } = this.database
    const settings = { ...DEFAULTS, ...spec }
    const { changes, lastInsertRowid } = connection
      .prepare(
        `INSERT INTO topic (name, uuid, partitions, cleanup_policy, timestamp_type, retention_ms, min_compaction_lag_ms,
         delete_retention_ms, max_message_bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO NOTHING`,
      )
      .run(
        spec.name,
        randomUUID(),
        spec.partitions,
        spec.cleanupPolicy,
        spec.timestampType,
        settings.retentionMs,
        settings.minCompactionLagMs,
        settings.deleteRetentionMs,
        settings.maxMessageBytes,
      )
    if (changes === 0) return
    const insert = connection.prepare(
      `INSERT INTO partition (topic, partition, first, next, timestamp, cleaned, clean_bytes, dirty_bytes)
       VALUES (?, ?, 0, 0, 0, 0, 0, 0)`,
    )
    for (let partition = 0; partition < spec.partitions; partition++) {
      Partition.createTable(connection, Number(insert.run(lastInsertRowid, partition).lastInsertRowid))
    }
  }

  private load(name: string): void {
    if (this.byName.has(name)) return
    const { connection } = this.database
    const row = connection.prepare<[string], TopicRow>('SELECT * FROM topic WHERE name = ?').get(name)
    if (!row) return
    const partitions = connection
      .prepare<[number], PartitionRow>('SELECT * FROM partition WHERE topic = ? ORDER BY partition')
      .all(row.id)
      .map((partition) => new Partition(connection, name, partition))
    this.byName.set(name, { row: row.id, description: describe(row), partitions })
  }
}

const describe = (row: TopicRow): TopicDescription => ({
  name: row.name,
  id: row.uuid,
  partitions: row.partitions,
  replication: 1,
  cleanupPolicy: row.cleanup_policy,
  timestampType: row.timestamp_type,
  retentionMs: row.retention_ms,
  minCompactionLagMs: row.min_compaction_lag_ms,
  deleteRetentionMs: row.delete_retention_ms,
  maxMessageBytes: row.max_message_bytes,
})
