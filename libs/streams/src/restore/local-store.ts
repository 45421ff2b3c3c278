import type { Log, Logger, Offset, PartitionOffsets } from '@quorate/log'
import type { Checkpoint, PartitionStore, PartitionStores, StoreOptions } from '@quorate/state-store'
import { setTimeout } from 'node:timers/promises'
import { StreamsError } from '../errors'
import type { Topology } from '../topology'
import { unlessAborted } from '../unless-aborted'

/** A partition's open store, and what it was opened for. */
export interface LocalStore {
  readonly store: PartitionStore
  readonly options: StoreOptions
}

export interface FitQuestion {
  readonly log: Log
  readonly topology: Topology
  readonly partition: number
  readonly stores: PartitionStores
  readonly file: string
  /** The store of an earlier round, or of the standby that becomes active, still open. */
  readonly local: LocalStore | undefined
  /** Nobody else writes the changelog any more: its end is final. Not so for a standby. */
  readonly fenced: boolean
  readonly now: number
  /** Told what a file that is to be thrown away had applied; throws where that must not be forgotten without a word. */
  readonly judge?: (applied: Checkpoint) => Promise<void>
  readonly logger: Logger
  readonly signal: AbortSignal
}

export interface Fit {
  readonly local: LocalStore
  readonly changelogEnd: Offset
}

/**
 * Closes a store for good. What cannot be written at the last moment costs a check of the file at its next opening,
 * nothing else.
 */
export function closeStore({ store, options }: LocalStore, logger: Logger): void {
  try {
    store.close()
  } catch (error) {
    logger.warn({ err: error, file: options.file }, 'the local store could not be closed cleanly; nothing is lost')
  }
}

/**
 * After an error that says the file is damaged: throws it away, and returns true. The next attempt builds the partition
 * again.
 */
export function discardIfDamaged(
  error: unknown,
  local: LocalStore | undefined,
  { stores, file, logger }: Pick<FitQuestion, 'stores' | 'file' | 'logger'>,
): boolean {
  if (!stores.isDamage(error)) return false
  if (local) closeStore(local, logger)
  stores.remove(file)
  logger.warn({ file, err: error }, 'the local store is damaged; rebuilding it from the changelog; nothing is lost')
  return true
}

/** ms that a standby waits for the changelog's stable end to come up to its own position, and between two looks. */
const UNSETTLED = { timeoutMs: 30_000, everyMs: 100 }

/**
 * Opens the local file if it can go on from where it is, given what the changelog holds. A file that cannot is thrown
 * away and built again from the changelog; the log says why.
 */
export async function fitStore(question: FitQuestion): Promise<Fit> {
  const { log, topology, partition, stores, file, logger, now, signal } = question
  const changelog = await unlessAborted(log.describeTopic(topology.changelog), signal)
  if (!changelog) throw new StreamsError('STREAMS_SOURCE_LOST', `the changelog ${topology.changelog} does not exist`)
  const options: StoreOptions = {
    file,
    tables: topology.tables,
    schemaVersion: topology.schemaVersion,
    topicId: changelog.id,
  }
  // Closed: an earlier round threw it away, and could not make another.
  const held = question.local?.store.closed ? undefined : question.local
  const left = held ? undefined : stores.left(options)
  if (left) await question.judge?.(left)
  const store = held?.store ?? stores.open(options)
  const other = held !== undefined && held.options.topicId !== changelog.id
  try {
    const offsets = await settledOffsets(question, store)
    const useless = other
      ? 'its changelog has been created again'
      : unusable(store, offsets, now, changelog.deleteRetentionMs)
    const reason = useless ?? (held ? undefined : store.rebuilt)
    if (reason !== undefined)
      logger.warn({ partition, file, reason }, 'rebuilding the local store from the changelog; nothing is lost')
    if (useless !== undefined && store.checkpoint) await question.judge?.(store.checkpoint)
    if (useless === undefined) return { local: begun(held ?? { store, options }, offsets), changelogEnd: offsets.end }
    closeStore({ store, options }, logger)
    stores.remove(file)
    return { local: begun({ store: stores.open(options), options }, offsets), changelogEnd: offsets.end }
  } catch (error) {
    if (!held) closeStore({ store, options }, logger)
    throw error
  }
}

/** An empty store begins where the changelog does, which need not be at 0. */
function begun(local: LocalStore, { start }: PartitionOffsets): LocalStore {
  if (local.store.changelogPosition < start) local.store.load([], start)
  return local
}

/**
 * What the changelog holds. To a standby that was active just now its stable end may seem to lie before its own
 * position: the markers of its last transaction are in flight, or its successor's transaction is open.
 */
async function settledOffsets(question: FitQuestion, store: PartitionStore): Promise<PartitionOffsets> {
  const { log, topology, partition, fenced, signal } = question
  const until = performance.now() + UNSETTLED.timeoutMs
  for (;;) {
    const offsets = await unlessAborted(offsetsOf(log, topology.changelog, partition), signal)
    if (fenced || store.changelogPosition <= offsets.end || performance.now() > until) return offsets
    await setTimeout(UNSETTLED.everyMs, undefined, { signal })
  }
}

/** Why a local file cannot go on, or undefined. */
function unusable(
  store: PartitionStore,
  changelog: PartitionOffsets,
  now: number,
  tombstoneRetentionMs: number,
): string | undefined {
  const position = store.changelogPosition
  if (position === 0) return undefined
  if (position > changelog.end) return `it is at ${position}, beyond the changelog's end ${changelog.end}`
  if (position < changelog.start) return `the changelog begins at ${changelog.start}, behind its position ${position}`
  // One offset behind is the marker of its last commit (each writes rows and a checkpoint): an idle partition is no old
  // one.
  if (changelog.end - position <= 1) return undefined
  // A restore that was interrupted may not have come to a checkpoint yet.
  const age = now - Math.max(store.checkpoint?.time ?? 0, store.appliedAt, store.loadedAt)
  if (age > tombstoneRetentionMs) return `it is older than the changelog keeps tombstones (${age} ms)`
  return undefined
}

export async function offsetsOf(log: Log, topic: string, partition: number): Promise<PartitionOffsets> {
  const found = (await log.offsets(topic)).find((p) => p.partition === partition)
  if (!found) throw new StreamsError('STREAMS_SOURCE_LOST', `${topic} has no partition ${partition}`)
  return found
}
