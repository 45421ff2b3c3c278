import { header, type Log, type LogRecord, type Offset, partitionOf, readRange } from '@quorate/log'
import { setTimeout } from 'node:timers/promises'
import { DEAD_LETTERS, LETTER } from './dead-letter'
import { type Instruction, instructionKey } from '../instructions'
import type { Topology } from '../topology'

/** The application whose tasks are told something, as far as that needs it. */
export type Addressee = Pick<Topology, 'applicationId' | 'group' | 'source' | 'settings' | 'outputs'>

export interface SkipRequest {
  readonly partition: number
  readonly offset: Offset
  /** The last offset, where none of them is to be read. */
  readonly through?: Offset | undefined
  readonly reason: string
  readonly by: string
}

/** What became of it. */
export type SkipAnswer =
  | { readonly outcome: 'skipped'; readonly by: string; readonly deadLetter: Offset }
  /** It is in the settings: the partition leaves the record out when it comes to it. */
  | { readonly outcome: 'noted'; readonly position: Offset | undefined }
  /** The partition has got past it without. */
  | { readonly outcome: 'applied'; readonly position: Offset }
  | { readonly outcome: 'beyond-end'; readonly end: Offset }
  | { readonly outcome: 'no-partition'; readonly partitions: number }

/** ms between two looks whether the partition has got past it, and that one look may take. */
const LOOK = { every: 100, patience: 5_000 }

/**
 * Tells an application to leave a record of its source out. It needs the log alone: a process that reads the
 * instruction may be stuck, or come later. Waits up to `waitMs` until the partition is behind it.
 */
export async function requestSkip(log: Log, to: Addressee, request: SkipRequest, waitMs: number): Promise<SkipAnswer> {
  const { partition, offset, through, reason, by } = request
  const [description, offsets] = [await log.describeTopic(to.source), await log.offsets(to.source)]
  const held = offsets.find((it) => it.partition === partition)
  if (description === undefined || held === undefined) return { outcome: 'no-partition', partitions: offsets.length }
  const last = through ?? offset
  if (last >= held.end) return { outcome: 'beyond-end', end: held.end }
  const letters = to.outputs[DEAD_LETTERS]
  const position = await positionOf(log, to, partition)
  if (position !== undefined && position > offset) return passed(log, to, request, position, 0)
  const [from] = letters === undefined ? [] : await log.offsets(letters)
  const at = new Date().toISOString()
  const topicId = description.id
  await tell(log, to, { kind: 'skip', partition, offset, ...(through === undefined ? {} : { through }), topicId, reason, by, at }) // prettier-ignore
  for (const until = performance.now() + waitMs; performance.now() < until; await setTimeout(LOOK.every)) {
    const now = await positionOf(log, to, partition)
    if (now !== undefined && now > last) return passed(log, to, request, now, from?.end ?? 0)
  }
  return { outcome: 'noted', position }
}

/** Tells an application to go on with its source as it is now. Its tasks follow where they wait for that. */
export async function requestAcknowledgement(
  log: Log,
  to: Addressee,
  { partition, topicId, by }: { readonly partition: number; readonly topicId: string; readonly by: string },
): Promise<void> {
  await tell(log, to, { kind: 'source', partition, topicId, by, at: new Date().toISOString() })
}

async function tell(log: Log, { applicationId, settings }: Addressee, instruction: Instruction): Promise<void> {
  if (settings === undefined) throw new Error(`${applicationId} has no topic for instructions`)
  const key = instructionKey(applicationId, instruction)
  const { partitions = 1 } = (await log.describeTopic(settings)) ?? {}
  await log.append([{ topic: settings, partition: partitionOf(key, partitions), key, value: JSON.stringify(instruction) }]) // prettier-ignore
}

/** The next offset to be applied, as every commit says it to the group; undefined where that is not known now. */
async function positionOf(log: Log, { group, source }: Addressee, partition: number): Promise<Offset | undefined> {
  const late = new AbortController()
  const timeout = setTimeout(LOOK.patience, undefined, { signal: late.signal }).catch(() => undefined)
  const asked = log.committed(group, source, [partition]).then((found) => found.get(partition))
  try {
    return await Promise.race([asked, timeout])
  } finally {
    late.abort()
    asked.catch(() => undefined)
  }
}

/** The partition is behind it: with a dead letter that says so, or without. */
async function passed(
  log: Log,
  to: Addressee,
  { partition, offset }: SkipRequest,
  position: Offset,
  from: Offset,
): Promise<SkipAnswer> {
  const topic = to.outputs[DEAD_LETTERS]
  if (topic !== undefined)
    for await (const record of recordsOf(log, topic, from)) {
      const isIt =
        header(record, LETTER.kind) === 'skipped' &&
        header(record, LETTER.topic) === to.source &&
        header(record, LETTER.partition) === String(partition) &&
        covers(record, offset)
      if (isIt) return { outcome: 'skipped', by: header(record, LETTER.by) ?? '', deadLetter: record.offset }
    }
  return { outcome: 'applied', position }
}

function covers(record: LogRecord, offset: Offset): boolean {
  const first = Number(header(record, LETTER.offset))
  return first <= offset && offset <= Number(header(record, LETTER.through) ?? first)
}

async function* recordsOf(log: Log, topic: string, from: Offset): AsyncGenerator<LogRecord> {
  for (const { partition, start, end } of await log.offsets(topic))
    for await (const records of readRange(log, { topic, partition, from: Math.max(from, start), end })) yield* records
}
