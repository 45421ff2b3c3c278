import { Problem } from '@quorate/http'

const KEY = /^\d{13}\u0001[\x21-\x7e]{1,128}$/

/** Where the list of deliveries goes on: behind a place in time. Opaque to callers. */
export const encodeCursor = (after: string): string => Buffer.from(after).toString('base64url')

/** @throws Problem 400 */
export function decodeCursor(cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined
  const after = Buffer.from(cursor, 'base64url').toString('utf8')
  if (!KEY.test(after) || encodeCursor(after) !== cursor)
    throw new Problem(
      'malformed',
      'The cursor is none of ours. Take `next` of the page before, or begin without a cursor.',
    )
  return after
}
