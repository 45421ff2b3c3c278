import type { Key } from './table'

/** The reserved key of the changelog under which every commit writes its source offset and time. */
export const CHECKPOINT_KEY = '@/checkpoint'

/** How far a partition's store is. */
export interface Checkpoint {
  /** Next source offset to apply. */
  readonly source: number
  /** Largest append time applied, ms. */
  readonly time: number
  /** Names the submitted work that its commit carried, for who did not hear whether that was committed. Not kept in the file. */
  readonly work?: string
}

/** Changelog key of a row: `<table>/<key>`. */
export const changelogKey = (table: string, key: Key): string => `${table}/${key}`

/** Table and key of a changelog key; undefined for the reserved ones. */
export function parseChangelogKey(key: string): { table: string; key: Key } | undefined {
  const slash = key.indexOf('/')
  return slash <= 0 || key[0] === '@' ? undefined : { table: key.slice(0, slash), key: key.slice(slash + 1) }
}

export const encodeCheckpoint = ({ source, time, work }: Checkpoint): string => JSON.stringify({ source, time, work })

export function decodeCheckpoint(bytes: Buffer): Checkpoint {
  const { source, time, work } = JSON.parse(bytes.toString('utf8')) as Checkpoint
  if (!Number.isSafeInteger(source) || !Number.isFinite(time))
    throw new Error(`no checkpoint: ${bytes.toString('utf8')}`)
  return work === undefined ? { source, time } : { source, time, work }
}
