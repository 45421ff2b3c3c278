import { DEAD_LETTER, topicNames } from '@quorate/contracts'
import { header, type Log } from '@quorate/log'
import { recordsOf, stretches } from './source-topic'

/** What the service left out of one partition, according to its dead letters. */
export class LeftOut {
  /**
   * Offsets whose processing failed there: the cause may have been the store or a limit of a topic, which a replay does
   * not have. They advance stream time.
   */
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

  /** Of a source with its usual name; of another nothing is known. */
  static ofSource(log: Log, source: string, partition: number): Promise<LeftOut> {
    const prefix = source.replace(/\.reports$/, '')
    return LeftOut.read(log, topicNames(prefix).deadLetters, source, partition)
  }

  /**
   * The operator who skipped it; undefined if nobody did. A skipped record has no effect and does not advance stream
   * time.
   */
  skippedBy(offset: number): string | undefined {
    return this.#skipped.find(({ first, last }) => first <= offset && offset <= last)?.by
  }

  /** What operators skipped, for display. */
  get skipped(): readonly string[] {
    return this.#skipped.map(({ first, last, by }) => `${first}${last > first ? `–${last}` : ''} by ${by}`)
  }
}
