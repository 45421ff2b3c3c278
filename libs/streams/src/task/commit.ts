import type { OutRecord, SourceOffset, Transactor } from '@quorate/log'
import { CHECKPOINT_KEY, type Checkpoint, encodeCheckpoint, type PartitionStore } from '@quorate/state-store'
import type { BatchContext } from '../batch-context'
import { StreamsError } from '../errors'
import { unlessAborted } from '../unless-aborted'

/** The places of a commit at which a process may die; DESIGN.md has a row for each. */
export const COMMIT_STEPS = ['sealed', 'logged', 'applied'] as const
export type CommitStep = (typeof COMMIT_STEPS)[number]

/** No changelog value exceeds this (docs/spec/limits.md). */
export const MAX_ROW_BYTES = 512 * 1024

export interface Commit {
  readonly context: BatchContext
  readonly store: PartitionStore
  readonly transactor: Transactor
  readonly changelog: string
  readonly partition: number
  /** The source offset and time that the batch moves to. */
  readonly checkpoint: Checkpoint
  readonly source: SourceOffset
  /** Wall time, ms. */
  readonly now: number
  /** Told at each step, in order. */
  readonly observe?: ((step: CommitStep) => void) | undefined
  /** Given while the log is at it: the outcome is not waited for, and nothing is applied. */
  readonly abandoned: AbortSignal
}

/**
 * The order of durability (docs/architecture.md, "A task, and the order of durability"):
 *
 *   1 seal the batch: staged rows as changelog entries (last value per key), sink records
 *   2 append the changelog entries and the sink records   ┐
 *   3 add the source offset                               ├ one transaction of the log
 *   4 commit it                                           ┘
 *   5 apply the rows, the source offset and the changelog position to SQLite, in one transaction
 *
 * So the store can only be behind its changelog. After a rejection nothing has been applied; the caller drops what is
 * staged.
 */
export async function commit({
  context,
  store,
  transactor,
  changelog,
  partition,
  checkpoint,
  source,
  now,
  observe,
  abandoned,
}: Commit): Promise<void> {
  // 1
  const records: OutRecord[] = []
  for (const { key, value } of store.changes()) {
    if (value !== null && value.length > MAX_ROW_BYTES)
      throw new StreamsError('STREAMS_ROW_TOO_LARGE', `${key}: ${value.length} bytes`)
    records.push({ topic: changelog, partition, key, value })
  }
  records.push({ topic: changelog, partition, key: CHECKPOINT_KEY, value: encodeCheckpoint(checkpoint) })
  for (const record of context.seal()) records.push(record)
  observe?.('sealed')

  // 2–4
  const appended = await unlessAborted(transactor.commit({ records, source }), abandoned)
  observe?.('logged')

  // 5
  const written = appended.find((a) => a.topic === changelog && a.partition === partition)!
  store.apply(checkpoint, written.last + 1, now)
  observe?.('applied')
}
