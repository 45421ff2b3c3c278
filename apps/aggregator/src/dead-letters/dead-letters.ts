import { objectIdOf } from '@quorate/contracts'
import { Problem } from '@quorate/http'
import { header, type Log, type LogRecord, type Position } from '@quorate/log'
import { KeyValueTable } from '@quorate/state-store'
import type { Streams } from '@quorate/streams'
import {
  type DeadLetter,
  deadLetterOf,
  type Mark,
  originalHeaders,
  positionOf,
  wholeOf,
  type WholeDeadLetter,
} from './dead-letter'

export interface DeadLettersOptions {
  readonly log: Log
  readonly streams: Streams
  /** Topics. */
  readonly deadLetters: string
  readonly settings: string
  readonly source: string
}

export interface DeadLetterPage {
  readonly items: readonly DeadLetter[]
  /** Where to go on; undefined at the end. */
  readonly next: number | undefined
}

/** Says on the replayed record which dead letter it was. */
const REPLAYED_FROM = 'quorate-replayed-from'
const PREFIX = 'dead-letters/'
/** Bytes read ahead: values may have a megabyte, and a page shows none of them. */
const READ_AHEAD = 4 << 20
/** Marks of records that have left the topic, taken away in one go. */
const SWEPT = 100

type Marks = KeyValueTable<Mark>

/**
 * What could not be applied (design.md, "Topics"), from any instance: read off the topic itself. Records cannot be taken out of a log, so
 * what became of one is a mark in the settings; the record leaves by retention, and its mark after it.
 */
export class DeadLetters {
  constructor(private readonly options: DeadLettersOptions) {}

  /** The oldest first, from offset `from`; those that were replayed or dropped only with `all`. */
  async list(from: number, limit: number, all: boolean): Promise<DeadLetterPage> {
    return this.#marked(async (marks, { start, end }) => {
      await sweep(marks, start)
      const items: DeadLetter[] = []
      for await (const record of this.#records(Math.max(from, start), end)) {
        const mark = markOf(marks, record.offset)
        if (mark && !all) continue
        if (items.length === limit) return { items, next: record.offset }
        items.push(deadLetterOf(record, mark))
      }
      return { items, next: undefined }
    })
  }

  /** @throws Problem 404 */
  async get(offset: number): Promise<WholeDeadLetter> {
    return this.#marked(async (marks, range) => wholeOf(await this.#at(offset, range), markOf(marks, offset)))
  }

  /**
   * Appends it again to the source, as it was: to the partition of its key, or where it lay when it has none.
   * @throws Problem 404; 409 when that, or a drop, has been done, or when it came from elsewhere
   */
  async replay(offset: number, by: string): Promise<Position> {
    return this.#marked(async (marks, range) => {
      const record = await this.#at(offset, range)
      refuseMarked(markOf(marks, offset), offset)
      const [position] = await this.options.streams.append([this.#original(record)])
      const { partition, offset: again } = position!
      await mark(marks, offset, { done: 'replayed', by, position: `${partition}@${again}` })
      return position!
    })
  }

  /** It is not shown any more. Dropping it twice is dropping it. @throws Problem 404; 409 when it was replayed */
  async drop(offset: number, by: string): Promise<void> {
    await this.#marked(async (marks, range) => {
      await this.#at(offset, range)
      const done = markOf(marks, offset)
      if (done?.done === 'dropped') return
      refuseMarked(done, offset)
      await mark(marks, offset, { done: 'dropped', by })
    })
  }

  #original(record: LogRecord) {
    const { source, streams } = this.options
    const topic = header(record, 'quorate-topic')
    const partition = Number(header(record, 'quorate-partition') ?? NaN)
    const id = record.key === null ? undefined : objectIdOf(record.key)
    if (topic !== source || !(partition < streams.partitions))
      throw new Problem(
        'conflict',
        `It came from ${topic ?? 'elsewhere'}, not from the source ${source}. Nothing was done.`,
      )
    const from = [REPLAYED_FROM, positionOf(record.offset)] as const
    const { key, value } = record
    return { key, value, headers: [...originalHeaders(record), from], ...(id === undefined ? { partition } : {}) }
  }

  /** A whole copy of the marks as they are now: whatever any instance has answered is in it. */
  async #marked<T>(work: (marks: Marks, range: { start: number; end: number }) => Promise<T>): Promise<T> {
    const { log, deadLetters, settings, streams } = this.options
    if (streams.partitions === 0)
      throw new Problem('no-owner', 'This instance has not joined its group yet. Try again.')
    const [range] = await log.offsets(deadLetters)
    const marks = await KeyValueTable.open<Mark>({ log, topic: settings })
    try {
      return await work(marks, range!)
    } finally {
      await marks.close()
    }
  }

  async #at(offset: number, { start, end }: { start: number; end: number }): Promise<LogRecord> {
    if (offset >= start && offset < end)
      for await (const record of this.#records(offset, end)) {
        if (record.offset === offset) return record
        break
      }
    throw new Problem(
      'not-found',
      `There is no dead letter ${positionOf(offset)}: it has left the topic, or never was.`,
    )
  }

  async *#records(from: number, end: number): AsyncGenerator<LogRecord> {
    if (from >= end) return
    const { log, deadLetters: topic } = this.options
    const reader = log.reader({ topic, partition: 0, from, maxBytes: READ_AHEAD })
    try {
      while (reader.position < end) {
        const { records } = await reader.next()
        for (const record of records) if (record.offset < end) yield record
      }
    } finally {
      reader.close()
    }
  }
}

const markOf = (marks: Marks, offset: number): Mark | undefined => marks.get(`${PREFIX}${positionOf(offset)}`)

const mark = (marks: Marks, offset: number, said: Omit<Mark, 'at'>): Promise<void> =>
  marks.put(`${PREFIX}${positionOf(offset)}`, { ...said, at: new Date().toISOString() })

function refuseMarked(done: Mark | undefined, offset: number): void {
  if (!done) return
  const where = done.position === undefined ? '' : ` to ${done.position}`
  throw new Problem(
    'conflict',
    `The dead letter ${positionOf(offset)} was ${done.done}${where} by ${done.by} at ${done.at}. Nothing was done.`,
  )
}

/** Takes the marks of records away that retention has taken. */
async function sweep(marks: Marks, start: number): Promise<void> {
  const gone = [...marks.entries()]
    .map(([key]) => key)
    .filter((key) => key.startsWith(PREFIX) && Number(key.split('@')[1]) < start)
  for (const key of gone.slice(0, SWEPT)) await marks.delete(key)
}
