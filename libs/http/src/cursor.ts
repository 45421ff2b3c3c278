import { fingerprint } from '@quorate/contracts'
import { Problem } from './problem'

/** Characters of the filter's mark: a slip is noticed, and nobody gains by a forgery. */
const MARK = 8

/** What a list shows, `limit` aside: a cursor goes on with the same. */
export type CursorFilter = Readonly<Record<string, string | boolean | undefined>>

/**
 * Where a list goes on: behind `after`, in the list that this filter makes. Opaque to callers; stays valid while
 * entries come and go.
 */
export const encodeCursor = (after: string, filter: CursorFilter): string =>
  Buffer.from(markOf(filter) + after).toString('base64url')

/** @throws Problem 400 where it is no cursor, or one of a list with another filter */
export function decodeCursor(
  cursor: string | undefined,
  filter: CursorFilter,
  isPlace: (after: string) => boolean,
): string | undefined {
  if (cursor === undefined) return undefined
  const bytes = Buffer.from(cursor, 'base64url')
  const text = bytes.toString('utf8')
  const after = text.slice(MARK)
  if (bytes.toString('base64url') !== cursor || !Buffer.from(text).equals(bytes) || !isPlace(after)) {
    throw new Problem(
      'malformed',
      'The cursor is invalid. Pass `next` of the previous page unchanged, or start without a cursor.',
    )
  }
  if (text.slice(0, MARK) !== markOf(filter)) {
    throw new Problem(
      'malformed',
      'The cursor belongs to a list with another filter. Repeat the parameters of the previous page (only `limit` may differ), or start without a cursor.',
    )
  }
  return after
}

function markOf(filter: CursorFilter): string {
  const given = Object.entries(filter).filter(([, value]) => value !== undefined)
  return fingerprint(given.sort(([a], [b]) => (a < b ? -1 : 1))).slice(0, MARK)
}
