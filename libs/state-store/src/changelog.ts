import type { Key } from './table'

/** The reserved key of the changelog under which every commit writes its source offset and time. */
export const CHECKPOINT_KEY = '@/checkpoint'

/** How far a partition's store is. */
export interface Checkpoint {
  /** Next source offset to apply. */
  readonly source: number
  /** Largest append time applied, ms. */
  readonly time: number
  /**
   * Names the submitted work that its commit carried, for who did not hear whether that was committed. Not kept in the
   * file.
   */
  readonly work?: string
  /** Id of the source topic: another one by the same name is another log. Absent in checkpoints of earlier releases. */
  readonly topic?: string
  /** Leadership of the source partition in which the record before `source` was written, where the log says. */
  readonly epoch?: number
}

/** Changelog key of a row: `<table>/<key>`. */
export const changelogKey = (table: string, key: Key): string => `${table}/${key}`

/** Table and key of a changelog key; undefined for the reserved ones. */
export function parseChangelogKey(key: string): { table: string; key: Key } | undefined {
  const slash = key.indexOf('/')
  return slash <= 0 || key[0] === '@' ? undefined : { table: key.slice(0, slash), key: key.slice(slash + 1) }
}

export const encodeCheckpoint = ({ source, time, work, topic, epoch }: Checkpoint): string =>
  JSON.stringify({ source, time, work, topic, epoch })

/** undefined: it is none, whoever wrote it. */
export function decodeCheckpoint(bytes: Buffer): Checkpoint | undefined {
  let read: Partial<Checkpoint> | null
  try {
    read = JSON.parse(bytes.toString('utf8')) as Partial<Checkpoint> | null
  } catch {
    return undefined
  }
  const { source, time, work, topic, epoch } = read ?? {}
  if (typeof source !== 'number' || !Number.isSafeInteger(source) || source < 0) return undefined
  if (typeof time !== 'number' || !Number.isFinite(time)) return undefined
  return {
    source,
    time,
    ...(typeof work === 'string' ? { work } : {}),
    ...(typeof topic === 'string' ? { topic } : {}),
    ...(typeof epoch === 'number' ? { epoch } : {}),
  }
}
