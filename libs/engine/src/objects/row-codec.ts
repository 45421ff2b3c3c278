import type { Row } from '@quorate/vote'
import { readNumber, readText, writeNumber, writeText } from './bytes'

/** Reports per row of the store: enough to save rows, few enough that a report rewrites only 1 KB. */
export const PAGE_ROWS = 32

const SEQ = 1
const SESSION = 2
const TTL = 4
const LAG = 8
const EVIDENCE = 16

export function writeRow(row: Row): void {
  const { seq, session, ttl, lag } = row
  writeText(row.agent)
  writeText(row.state)
  writeNumber(
    (seq >= 0 ? SEQ : 0) |
      (session === '' ? 0 : SESSION) |
      (ttl === 0 ? 0 : TTL) |
      (lag === 0 ? 0 : LAG) |
      (row.hasEvidence ? EVIDENCE : 0),
  )
  writeNumber(row.at)
  if (seq >= 0) writeNumber(seq)
  if (session !== '') writeText(session)
  if (ttl !== 0) writeNumber(ttl)
  if (lag !== 0) writeNumber(lag)
}

export function readRow(): Row {
  const agent = readText()
  const state = readText()
  const flags = readNumber()
  const at = readNumber()
  const seq = flags & SEQ ? readNumber() : -1
  const session = flags & SESSION ? readText() : ''
  const ttl = flags & TTL ? readNumber() : 0
  const lag = flags & LAG ? readNumber() : 0
  return { agent, state, seq, session, at, lag, ttl, hasEvidence: (flags & EVIDENCE) !== 0, counted: 0 }
}
