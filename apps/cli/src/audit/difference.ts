import { printable } from '../text'

/** Where what is kept was looked at. */
export type Kept = 'store' | 'changelog' | 'sink'

/** Something that is not as the source says. */
export interface Difference {
  readonly where: Kept
  readonly partition: number
  /** An object, or what else it is about: `policies`, `agents`. */
  readonly object: string
  readonly what: string
  /** As kept, and as the source says; null: not there. */
  readonly kept: string | null
  readonly expected: string | null
  readonly offsets: Offsets
}

export interface Offsets {
  /** The first source offset that is not in what was compared. */
  readonly source: number
  /** Of the record in the changelog or the sink that holds what is kept. */
  readonly kept?: number
  /** Of the source record that led to what is expected. */
  readonly trigger?: number
}

export function differenceText({ where, partition, object, what, kept, expected, offsets }: Difference): string {
  const at = [
    `source below ${offsets.source}`,
    ...(offsets.trigger === undefined ? [] : [`decided at source offset ${offsets.trigger}`]),
    ...(offsets.kept === undefined ? [] : [`${where} offset ${offsets.kept}`]),
  ]
  return (
    `DIFFERENT  partition ${partition}, ${printable(object)}: ${what} (${at.join(', ')})\n` +
    `  ${where.padEnd(9)}  ${printable(kept ?? '(nothing)')}\n` +
    `  ${'source'.padEnd(9)}  ${printable(expected ?? '(nothing)')}\n`
  )
}

/** The audit can say neither yes nor no. */
export class CannotJudge extends Error {
  override readonly name = 'CannotJudge'
}
