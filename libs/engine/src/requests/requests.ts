import type { Table, TableReader } from '@quorate/state-store'
import type { Applied } from '@quorate/vote'
import type { RequestKey } from './request-key'

/** ms of stream time that a request is remembered. */
export const REMEMBERED = 86_400_000
/** Prefix of the keys of remembered responses in the settings: `requests/<Idempotency-Key>`. */
export const ANSWERS = 'requests/'
/** Old requests deleted with each new one: more than one, so that a backlog shrinks. */
const FORGOTTEN = 8

/** The outcome of the first record of a request, and its offset. */
export interface RequestRow {
  readonly fingerprint: string
  readonly offset: number
  /** ms: the stream time at which it was applied. */
  readonly at: number
  readonly outcome: Applied
}

/*
 * Rows of the table `requests`:
 *
 *   key/<key>            → JSON: RequestRow
 *   at/<base 36>/<key>   → empty: the oldest first
 */
const rowKey = (key: string) => `key/${key}`
const ageKey = (at: number, key = '') => `at/${Math.max(0, at).toString(36).padStart(10, '0')}/${key}`

/** What is known of a key at that time; undefined if it is new, or older than a day. */
export function knownRequest(rows: Pick<TableReader, 'get'>, key: string, now: number): RequestRow | undefined {
  const value = rows.get(rowKey(key))
  if (value === undefined) return undefined
  const row = JSON.parse(value.toString('utf8')) as RequestRow
  return row.at + REMEMBERED > now ? row : undefined
}

export function keepRequest(
  table: Table,
  { key, fingerprint }: RequestKey,
  row: Omit<RequestRow, 'fingerprint'>,
): void {
  forget(table, row.at - REMEMBERED)
  table.put(rowKey(key), Buffer.from(JSON.stringify({ fingerprint, ...row })))
  table.put(ageKey(row.at, key), Buffer.alloc(0))
}

function forget(table: Table, until: number): void {
  if (until < 0) return
  const old = [...table.range({ from: 'at/', to: ageKey(until + 1), limit: FORGOTTEN })]
  for (const { key: aged } of old) {
    table.delete(aged)
    const [, at = '', ...rest] = aged.split('/')
    const key = rest.join('/')
    const value = table.get(rowKey(key))
    // A key that was used again since has a newer age.
    if (value && (JSON.parse(value.toString('utf8')) as RequestRow).at === parseInt(at, 36)) table.delete(rowKey(key))
  }
}
