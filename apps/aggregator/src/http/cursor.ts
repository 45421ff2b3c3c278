import { isObjectId } from '@quorate/contracts'
import { Problem } from '@quorate/http'

/** Where a list goes on: behind an object id. Opaque to callers, and bound to nothing but the order, so it stays valid while objects come and go. */
export const encodeCursor = (after: string): string => Buffer.from(`1${after}`).toString('base64url')

/** @throws Problem 400 */
export function decodeCursor(cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined
  const text = Buffer.from(cursor, 'base64url').toString('utf8')
  const after = text.slice(1)
  if (text[0] !== '1' || !isObjectId(after) || encodeCursor(after) !== cursor) {
    throw new Problem(
      'malformed',
      'The cursor is none of ours. Take `next` of the page before, or begin without a cursor.',
    )
  }
  return after
}
