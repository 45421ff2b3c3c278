import { LIMITS } from '../limits'
import { isDeeper } from './depth'
import { keptNumber } from './kept-number'

/** A reviver is told the source of a number; TypeScript's library does not know it yet. */
type Reviver = (name: string, value: unknown, context: { readonly source?: string }) => unknown
const { parse } = JSON as unknown as {
  parse: (text: string, revive: Reviver) => unknown
}

/** Without one of these no number is beyond what a double holds: sixteen digits in a row, or an exponent of three. */
const MAY_BE_ROUNDED = /\d{16}|[eE]\+?\d{3}/
const INTEGER = /^-?\d+$/

/**
 * The value that `JSON.parse` read from `text`, with numbers that it rounded kept as they were written: integers beyond
 * ±(2^53−1) and numbers beyond a double's range. `JSON.stringify` writes them back digit by digit. A value that is
 * nested too deep stays as it is, since it is refused anyway and a reviver works by recursion.
 */
export function keepNumbers(value: unknown, text: string): unknown {
  return MAY_BE_ROUNDED.test(text) && !isDeeper(value, LIMITS.jsonDepth) ? parse(text, keep) : value
}

/** `JSON.parse` without rounding. @throws SyntaxError */
export const parseExactly = (text: string): unknown => keepNumbers(JSON.parse(text), text)

function keep(_name: string, value: unknown, { source }: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || Math.abs(value) <= Number.MAX_SAFE_INTEGER || source === undefined) return value
  const isRounded = !Number.isFinite(value) || (INTEGER.test(source) && String(value) !== source)
  return isRounded ? keptNumber(source) : value
}
