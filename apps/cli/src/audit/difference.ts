import { printable } from '../text'

/** The kinds of storage that are compared. */
export type Kept = 'store' | 'changelog' | 'sink'

/** Something that does not match the source. */
export interface Difference {
  readonly where: Kept
  readonly partition: number
  /** The object, or else `policies` or `agents`. */
  readonly object: string
  readonly what: string
  /** As stored, and as computed from the source; null: absent. */
  readonly kept: string | null
  readonly expected: string | null
  readonly offsets: Offsets
}

export interface Offsets {
  /** The first source offset that is not part of the comparison. */
  readonly source: number
  /** Offset of the record in the changelog or the sink that contains it. */
  readonly kept?: number
  /** Offset of the source record that led to the expected value. */
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

/** The audit can neither confirm nor deny a match. */
export class CannotJudge extends Error {
  override readonly name = 'CannotJudge'
}
