import type { LogRecord, Offset } from '@quorate/log'
import type { ValueCodec } from '@quorate/state-store'

/** A record, or a stretch of them, that an operator leaves out. */
export interface Skip {
  readonly kind: 'skip'
  readonly partition: number
  readonly offset: Offset
  /** The last one that is left out. Where it is given none of them is read, not even for the dead letter. */
  readonly through?: Offset | undefined
  /** Of the source in which the offset counts: in another topic by that name it says nothing. */
  readonly topicId: string
  readonly reason: string
  readonly by: string
  /** RFC 3339 */
  readonly at: string
}

/** What an operator leaves out, and what is known of it. */
export interface Skipped {
  readonly offset: Offset
  /** The last offset of it. */
  readonly last: Offset
  /** undefined: it was not to be read, or does not fit. */
  readonly record: LogRecord | undefined
  readonly reason: string
  readonly by: string
}

/** An operator's word that a partition is to go on with its source as it is now. */
export interface Acknowledgement {
  readonly kind: 'source'
  readonly partition: number
  readonly topicId: string
  readonly by: string
  /** RFC 3339 */
  readonly at: string
}

/**
 * What an operator tells the tasks of an application: records of the settings topic. So it outlasts restarts and
 * takeovers, reaches a task that is stuck, and can be written while no process lives (docs/adr/0020).
 */
export type Instruction = Skip | Acknowledgement

/** Keys of instructions in the settings begin so. */
export const INSTRUCTIONS = 'streams/'

const openingOf = (applicationId: string): string => `${INSTRUCTIONS}${applicationId}/`

/** The key of an instruction in the settings: one for each record, and for each partition's source. */
export const instructionKey = (applicationId: string, it: Instruction): string =>
  openingOf(applicationId) + (it.kind === 'skip' ? `skip/${it.partition}@${it.offset}` : `source/${it.partition}`)

/** The last offset that a skip leaves out. */
export const lastOf = ({ offset, through }: Skip): Offset => through ?? offset

/** Reads the instructions of one application; everything else in the topic is undefined. */
export const instructionCodec = (applicationId: string): ValueCodec<Instruction | undefined> => ({
  encode: (value) => Buffer.from(JSON.stringify(value)),
  decode: (bytes, key) => {
    if (!key.startsWith(openingOf(applicationId))) return undefined
    const read = JSON.parse(bytes.toString('utf8')) as unknown
    if (!isInstruction(read) || instructionKey(applicationId, read) !== key)
      throw new TypeError('no instruction of this key')
    return read
  },
})

const isOffset = (it: unknown): boolean => Number.isSafeInteger(it) && (it as number) >= 0
const isText = (it: unknown): boolean => typeof it === 'string'

function isInstruction(read: unknown): read is Instruction {
  const { kind, partition, offset, through, topicId, reason, by, at } = Object(read) as Partial<Omit<Skip, 'kind'>> & {
    kind?: unknown
  }
  if (!isOffset(partition) || ![topicId, by, at].every(isText)) return false
  if (kind === 'source') return true
  return kind === 'skip' && isOffset(offset) && isText(reason) && (through === undefined || (isOffset(through) && through >= offset!)) // prettier-ignore
}
