import type { Row } from '../vote'
import { readNumber, readText, writeNumber, writeText } from './bytes'

/** Reports that share a row of the store: enough to save rows, few enough that a report rewrites 1 KB. */
export const PAGE_ROWS = 32

const SEQ = 1
const SESSION = 2
const TTL = 4
const LAG = 8
const EVIDENCE = 16

/** Times as ms since the object's creation, which is not later than any of its reports. */
export function writeRow(row: Row, createdAt: number): void {
  const lag = row.at - row.base
  writeText(row.agent)
  writeText(row.state)
  writeNumber(
    (row.seq >= 0 ? SEQ : 0) |
      (row.session === '' ? 0 : SESSION) |
      (row.ttl === Infinity ? 0 : TTL) |
      (lag === 0 ? 0 : LAG) |
      (row.hasEvidence ? EVIDENCE : 0),
  )
  writeNumber(row.at - createdAt)
  if (row.seq >= 0) writeNumber(row.seq)
  if (row.session !== '') writeText(row.session)
  if (row.ttl !== Infinity) writeNumber(row.ttl)
  if (lag !== 0) writeNumber(lag)
}

export function readRow(createdAt: number): Row {
  const agent = readText()
  const state = readText()
  const flags = readNumber()
  const at = createdAt + readNumber()
  const seq = flags & SEQ ? readNumber() : -1
  const session = flags & SESSION ? readText() : ''
  const ttl = flags & TTL ? readNumber() : Infinity
  const base = flags & LAG ? at - readNumber() : at
  return { agent, state, seq, session, at, base, ttl, hasEvidence: (flags & EVIDENCE) !== 0, counted: 0 }
}
