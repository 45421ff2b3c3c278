import {
  DEAD_LETTER,
  type DeadLetter,
  LIMITS,
  messageBytesOf,
  objectIdOf,
  type WholeDeadLetter,
} from '@quorate/contracts'
import { Problem } from '@quorate/http'
import { header, type Log, LogError, type LogRecord, type Position } from '@quorate/log'
import { checkedJson, KeyValueTable } from '@quorate/state-store'
import type { Streams } from '@quorate/streams'
import { cutOf, deadLetterOf, isMark, type Mark, originalHeaders, positionOf, wholeOf } from '@quorate/engine/core'
import { Marks } from './marks'
import { TurnsByOffset } from './turns-by-offset'

export interface DeadLettersOptions {
  readonly log: Log
  readonly streams: Streams
  /** Topics. */
  readonly deadLetters: string
  readonly settings: string
  readonly source: string
  /** ms to wait for the log while nothing comes. */
  readonly patienceMs?: number
}

export interface DeadLetterPage {
  readonly items: readonly DeadLetter[]
  /** Where to go on; undefined at the end. */
  readonly next: number | undefined
}

/** Says on the replayed record which dead letter it was. */
const REPLAYED_FROM = 'quorate-replayed-from'
/** Bytes read ahead: values may have a megabyte, and a page shows none of them. */
const READ_AHEAD = 4 << 20
const LOG_TIMEOUT_MS = 5_000
/** Others may write to the settings: what is no mark of ours is left out. */
const MARK = checkedJson<Mark>(isMark)

/**
 * What could not be applied (docs/architecture.md, "Topics"), from any instance: read off the topic itself. Records
 * cannot be taken out of a log, so what became of one is a mark in the settings; the record leaves by retention, and
 * its mark after it.
 */
export class DeadLetters {
  readonly #turns = new TurnsByOffset()
  /** Of this instance alone. */
  readonly #unwritten = new Map<number, Mark>()

  constructor(private readonly options: DeadLettersOptions) {}

  /** The oldest first, from offset `from`; those that were replayed or dropped only with `all`. */
  async list(from: number, limit: number, all: boolean): Promise<DeadLetterPage> {
    return this.#marked(async (marks, { start, end }) => {
      await marks.upkeep(start)
      const items: DeadLetter[] = []
      for await (const record of this.#records(Math.max(from, start), end)) {
        const mark = marks.of(record.offset)
        if (mark && !all) continue
        if (items.length === limit) return { items, next: record.offset }
        items.push(deadLetterOf(record, mark))
      }
      return { items, next: undefined }
    })
  }

  /** @throws Problem 404 */
  async get(offset: number): Promise<WholeDeadLetter> {
    return this.#marked(async (marks, range) => wholeOf(await this.#at(offset, range), marks.of(offset)))
  }

  /**
   * Appends it again to the source, as it was: to the partition of its key, or where it lay when it has none. Replays
   * of one letter wait for each other here, and all are done at one instance (docs/adr/0012).
   * @throws Problem 404; 409 when that, or a drop, has been done, or when it came from elsewhere, is not whole, or is
   * larger than the source takes; 504 when it was done and cannot be noted
   */
  async replay(offset: number, by: string): Promise<Position> {
    return this.#alone(offset, async (marks, range) => {
      const record = await this.#at(offset, range)
      marks.refuse(offset)
      const [appended] = await this.options.streams.append([this.#original(record)])
      const position = `${appended!.partition}@${appended!.offset}`
      const mark: Mark = { done: 'replayed', at: new Date().toISOString(), by, position }
      await marks.put(offset, mark).catch((cause: unknown) => {
        if (!(cause instanceof LogError)) throw cause
        marks.hold(offset, mark)
        throw new Problem(
          'outcome-unknown',
          `It was appended again, at ${position}, but the settings could not be told. They will be told with the next request; do not replay it meanwhile.`,
          { headers: { 'quorate-position': position }, cause },
        )
      })
      return appended!
    })
  }

  /** It is not shown any more. @throws Problem 404; 409 when it was replayed or dropped already */
  async drop(offset: number, by: string): Promise<void> {
    await this.#alone(offset, async (marks, range) => {
      await this.#at(offset, range)
      marks.refuse(offset)
      await marks.put(offset, { done: 'dropped', at: new Date().toISOString(), by })
    })
  }

  #alone<T>(offset: number, work: (marks: Marks, range: { start: number; end: number }) => Promise<T>): Promise<T> {
    return this.#turns.run(offset, () => this.#marked(work))
  }

  #original(record: LogRecord) {
    const { source, streams } = this.options
    const topic = header(record, DEAD_LETTER.topic)
    const partition = Number(header(record, DEAD_LETTER.partition) ?? NaN)
    const id = record.key === null ? undefined : objectIdOf(record.key)
    if (topic !== source || !(partition < streams.partitions))
      throw new Problem(
        'conflict',
        `It came from ${topic ?? 'elsewhere'}, not from the source ${source}. Nothing was done.`,
      )
    const from = [REPLAYED_FROM, positionOf(record.offset)] as const
    const { key, value } = record
    const original = { key, value, headers: [...originalHeaders(record), from] }
    refuseLarge(record, original)
    return { ...original, ...(id === undefined ? { partition } : {}) }
  }

  /** A whole copy of the marks as they are now: whatever any instance has answered is in it. */
  async #marked<T>(work: (marks: Marks, range: { start: number; end: number }) => Promise<T>): Promise<T> {
    const { log, deadLetters, settings, streams, patienceMs = LOG_TIMEOUT_MS } = this.options
    if (streams.partitions === 0)
      throw new Problem('no-owner', 'This instance has not joined its group yet. Try again.')
    const [range] = await log.offsets(deadLetters)
    const table = await KeyValueTable.open<Mark>({ log, topic: settings, patienceMs, codec: MARK })
    try {
      return await work(new Marks(table, this.#unwritten), range!)
    } finally {
      await table.close()
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
    const { log, deadLetters: topic, patienceMs = LOG_TIMEOUT_MS } = this.options
    const reader = log.reader({ topic, partition: 0, from, maxBytes: READ_AHEAD })
    let isLate = false
    const late = setTimeout(() => {
      isLate = true
      reader.close()
    }, patienceMs)
    try {
      for (let at = from; at < end; at = reader.position) {
        const { records } = await reader.next()
        if (reader.position > at) late.refresh()
        for (const record of records) if (record.offset < end) yield record
      }
    } catch (error) {
      if (!isLate) throw error
      throw new LogError('LOG_UNAVAILABLE', `nothing more of ${topic} came in ${patienceMs} ms`, { cause: error })
    } finally {
      clearTimeout(late)
      reader.close()
    }
  }
}

/** @throws Problem 409 */
function refuseLarge(record: LogRecord, original: Parameters<typeof messageBytesOf>[0]): void {
  const letter = `The dead letter ${positionOf(record.offset)}`
  const cut = cutOf(record)
  if (cut !== undefined)
    throw new Problem(
      'dead-letter-cut',
      `${letter} holds the beginning of the original alone (cut: ${cut.parts.join(', ')}), so nothing was appended. Let its producer send it again, or drop it.`,
    )
  const bytes = messageBytesOf(original)
  if (bytes > LIMITS.messageBytes)
    throw new Problem(
      'conflict',
      `${letter} takes ${bytes} bytes uncompressed, the source ${LIMITS.messageBytes}, so nothing was appended. Let its producer send less, or drop it.`,
    )
}
