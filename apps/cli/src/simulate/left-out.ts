import { DEAD_LETTER, topicNames } from '@quorate/contracts'
import { header, type Log } from '@quorate/log'
import { recordsOf, stretches } from './source-topic'

/** What the service left out of one partition, as its dead letters tell. */
export class LeftOut {
  /** Offsets whose processing failed there: the fault may have been of the store or of a topic's limit, which a replay has not. They move time on. */
  readonly refused = new Set<number>()
  readonly #skipped: { readonly first: number; readonly last: number; readonly by: string }[] = []

  static async read(log: Log, deadLetters: string, source: string, partition: number): Promise<LeftOut> {
    const found = new LeftOut()
    if ((await log.describeTopic(deadLetters)) === undefined) return found
    for (const stretch of await stretches(log, deadLetters))
      for await (const records of recordsOf(log, stretch))
        for (const record of records) {
          const kind = header(record, DEAD_LETTER.kind)
          if (kind === undefined || header(record, DEAD_LETTER.topic) !== source) continue
          if (header(record, DEAD_LETTER.partition) !== String(partition)) continue
          const first = Number(header(record, DEAD_LETTER.offset))
          if (kind === 'failed') found.refused.add(first)
          if (kind !== 'skipped') continue
          const last = Number(header(record, DEAD_LETTER.through) ?? first)
          found.#skipped.push({ first, last, by: header(record, DEAD_LETTER.by) ?? 'an operator' })
        }
    return found
  }

  /** Of a source by its usual name; of another nothing is known. */
  static ofSource(log: Log, source: string, partition: number): Promise<LeftOut> {
    const prefix = source.replace(/\.reports$/, '')
    return LeftOut.read(log, topicNames(prefix).deadLetters, source, partition)
  }

  /** Who left it out; undefined: nobody did. Such a record does nothing, and does not move time on. */
  skippedBy(offset: number): string | undefined {
    return this.#skipped.find(({ first, last }) => first <= offset && offset <= last)?.by
  }

  /** What operators left out, for a reader of a report. */
  get skipped(): readonly string[] {
    return this.#skipped.map(({ first, last, by }) => `${first}${last > first ? `–${last}` : ''} by ${by}`)
  }
}
