import { type Call, Problem } from '@quorate/http'
import type { Log, LogBatch, Logger, LogRecord } from '@quorate/log'
import type { Listed } from '../../queries/listing'
import type { Interest, SnapshotOf } from '../../queries/snapshots'
import { eventOf, message } from './events'
import type { Outlet } from './outlet'
import { type SinkRange, sinkBatches } from './sink-batches'
import { decodeVector, encodeVector, type Vector } from './vector'

export interface StatesStreamOptions {
  readonly log: Log
  readonly source: string
  readonly sink: string
  readonly group: string
  readonly snapshot: SnapshotOf
  readonly logger: Logger
}

/** As new as the snapshot knew an object. */
type Seen = Pick<Listed, 'incarnation' | 'revision'>

/** ms kept back from the sink's compaction lag: what is that old may be compacted before it is read. */
const COMPACTION_MARGIN_MS = 3_600_000

/** Where a subscriber begins, found out before the first byte is sent. */
export interface Beginning {
  readonly offsets: readonly number[]
  readonly snapshot: AsyncIterator<readonly Listed[]> | undefined
  /** Source offset of each partition below which everything emitted lies below `offsets`. */
  readonly settled: readonly number[]
}

/**
 * The stream of states (rest.md): the sink's ends are read first, the snapshot after them, and then the sink from those
 * ends on. A record that the snapshot already knew is left out, by (incarnation, revision). What the snapshot may know
 * is read before `sync`: who resumes from there brings no snapshot to compare with. So nothing is missed and nothing
 * told twice.
 */
export class StatesStream {
  constructor(private readonly options: StatesStreamOptions) {}

  /** @throws Problem: 410 for a position that cannot be resumed, 503 when a partition cannot answer */
  async begin(
    interest: Interest,
    lastEventId: string | undefined,
    call: Call,
    signal: AbortSignal,
  ): Promise<Beginning> {
    return lastEventId === undefined || lastEventId === ''
      ? this.#fromSnapshot(interest, call, signal)
      : this.#resumed(lastEventId)
  }

  /** Runs until the subscriber is gone. `vector` is kept up to date: what each comment carries. */
  async run(interest: Interest, beginning: Beginning, outlet: Outlet, vector: { current?: Vector }): Promise<void> {
    const offsets = [...beginning.offsets]
    const known = new Map<string, Seen>()
    if (beginning.snapshot) {
      await this.#sendSnapshot(beginning, outlet, known)
      await this.#sendMeanwhile(interest, offsets, known, outlet)
      vector.current = { time: Date.now(), offsets }
      await outlet.write(() => message('sync', '{}', encodeVector(vector.current!)))
    }
    vector.current = { time: Date.now(), offsets }
    await Promise.all(offsets.map((_, partition) => this.#tail(partition, interest, offsets, known, outlet, vector)))
  }

  async #fromSnapshot(interest: Interest, call: Call, signal: AbortSignal): Promise<Beginning> {
    const { log, source, sink, group } = this.options
    const partitions = (await log.offsets(sink)).map(({ partition }) => partition)
    const before = await log.committed(group, source, partitions)
    const ends = await log.offsets(sink)
    // What lies below the ends was committed together with these offsets: a snapshot that knows of them knows of it
    // all. Where more is in the source, one further: a batch can be committed in slices inside the record at the
    // offset.
    const after = await log.committed(group, source, partitions)
    const sources = await log.offsets(source)
    const bound = new Map(
      partitions.map((p) => [p, (after.get(p) ?? 0) - ((after.get(p) ?? 0) < (sources[p]?.end ?? 0) ? 0 : 1)]),
    )
    const snapshot = this.options.snapshot(interest, bound, call, signal)[Symbol.asyncIterator]()
    return {
      offsets: ends.map(({ end }) => end),
      snapshot: await primed(snapshot),
      settled: partitions.map((p) => before.get(p) ?? 0),
    }
  }

  async #resumed(lastEventId: string): Promise<Beginning> {
    const { log, sink } = this.options
    const vector = decodeVector(lastEventId)
    if (!vector) throw new Problem('malformed', 'Last-Event-ID is none of ours. Begin without it.')
    const [ends, topic] = await Promise.all([log.offsets(sink), log.describeTopic(sink)])
    const oldest = Date.now() - Math.max(0, (topic?.minCompactionLagMs ?? 0) - COMPACTION_MARGIN_MS)
    const there =
      vector.offsets.length === ends.length &&
      ends.every(({ start, end }, p) => vector.offsets[p]! >= start && vector.offsets[p]! <= end)
    if (vector.time < oldest || !there) {
      throw new Problem(
        'gone',
        'The stream cannot be resumed from there without a gap: changes since then may have been compacted away. Begin without Last-Event-ID, with a new snapshot.',
      )
    }
    return { offsets: vector.offsets, snapshot: undefined, settled: [] }
  }

  async #sendSnapshot({ snapshot, settled }: Beginning, outlet: Outlet, known: Map<string, Seen>): Promise<void> {
    for (let page = await snapshot!.next(); !page.done && !outlet.closed.aborted; page = await snapshot!.next()) {
      const items = page.value
      await outlet.write(() => items.map(({ text }) => message('snapshot', text)).join(''))
      // Only what was emitted since the ends were read can come again.
      for (const item of page.value)
        if (item.offset !== undefined && item.offset >= settled[item.partition]!)
          known.set(item.id, { incarnation: item.incarnation, revision: item.revision })
    }
  }

  /**
   * What was emitted while the snapshot was taken and is newer than it; moves `offsets` behind all that the snapshot
   * may know.
   */
  async #sendMeanwhile(interest: Interest, offsets: number[], known: Map<string, Seen>, outlet: Outlet): Promise<void> {
    for (const { partition, end: until } of await this.options.log.offsets(this.options.sink)) {
      for await (const { records, next } of this.#batches(
        { partition, partitions: offsets.length, from: offsets[partition]!, until },
        outlet,
      )) {
        await outlet.write(() => {
          const news = newsOf(records, interest, known)
          offsets[partition] = next
          return news.map(({ event }) => message(event.name, event.data)).join('')
        })
      }
    }
  }

  async #tail(
    partition: number,
    interest: Interest,
    offsets: number[],
    known: Map<string, Seen>,
    outlet: Outlet,
    vector: { current?: Vector },
  ): Promise<void> {
    try {
      for await (const { records, next } of this.#batches(
        { partition, partitions: offsets.length, from: offsets[partition]! },
        outlet,
      )) {
        // The ids tell of the other partitions too, so they are made in the order of writing.
        await outlet.write(() => {
          let text = ''
          for (const { offset, event } of newsOf(records, interest, known)) {
            offsets[partition] = offset + 1
            vector.current = { time: Date.now(), offsets }
            text += message(event.name, event.data, encodeVector(vector.current))
          }
          offsets[partition] = next
          vector.current = { time: Date.now(), offsets }
          return text
        })
      }
    } catch (error) {
      // Its end is told by its connection; what it has seen lets it resume.
      if (!outlet.closed.aborted)
        this.options.logger.warn({ partition, err: error }, 'a stream of states broke off; its subscriber can resume')
      outlet.end()
    }
  }

  #batches(range: SinkRange, outlet: Outlet): AsyncIterable<LogBatch> {
    return sinkBatches(this.options.log, this.options.sink, range, outlet.closed)
  }
}

/** The records' events of interest that the snapshot did not know yet. */
function newsOf(records: readonly LogRecord[], interest: Interest, known: Map<string, Seen>) {
  return records.flatMap((record) => {
    const event = eventOf(record, interest)
    return event && !isKnown(event.object, known) ? [{ offset: record.offset, event }] : []
  })
}

/** True when the snapshot was at least as new. */
function isKnown(
  object: { id: string; incarnation: number; revision: number } | undefined,
  known: Map<string, Seen>,
): boolean {
  const seen = object && known.get(object.id)
  if (!seen) return false
  const older =
    object.incarnation < seen.incarnation ||
    (object.incarnation === seen.incarnation && object.revision <= seen.revision)
  if (!older) known.delete(object.id)
  return older
}

/** Fetches the first page at once, so that what keeps it from coming is told as an answer, before the stream begins. */
async function primed<T>(iterator: AsyncIterator<T>): Promise<AsyncIterator<T>> {
  let first: IteratorResult<T> | undefined = await iterator.next()
  return {
    next: () => {
      const result = first
      first = undefined
      return result ? Promise.resolve(result) : iterator.next()
    },
  }
}
