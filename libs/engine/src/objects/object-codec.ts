import type { ObjectId, OverrideMode } from '@quorate/contracts'
import { CHANGES_KEPT, type ActiveOverride, type Past, type Settings } from '@quorate/vote'
import {
  begin,
  beginRead,
  closeSize,
  openSize,
  readNumber,
  readPosition,
  readText,
  readWord,
  skip,
  writeBytes,
  writeNumber,
  writePosition,
  writeText,
  writeWord,
  written,
} from './bytes'
import { HotObject } from './hot-object'
import { PAGE_ROWS, readRow, writeRow } from './row-codec'
import { StoredPast, writePast } from './stored-past'

/** Layout version of the rows of all tables. A store of another layout is rebuilt from the changelog. */
export const LAYOUT = 1

const DECIDED = 1
const CONTESTED = 2
const STALE = 4
const FLAPPING = 8
const OVERRIDE = 16
const CANDIDATE = 32
const NO_QUORUM = 64
const UNSUPPORTED = 128
const HELD = 256
const INCIDENT = 512
const FROM = 1024
/** The effective state is the voted one, decided at `votedSince`: nearly always true. */
const PLAIN = 2048
const RULE_MISSING = 4096
const RULE_FAILED = 8192

const flag = (on: boolean, bit: number): number => (on ? bit : 0)

function flagsOf(object: HotObject): number {
  return (
    flag(object.decided, DECIDED) |
    flag(object.contested, CONTESTED) |
    flag(object.stale, STALE) |
    flag(object.flapping, FLAPPING) |
    flag(object.override !== null, OVERRIDE) |
    flag(object.candidate !== null, CANDIDATE) |
    flag(object.noQuorumSince !== null, NO_QUORUM) |
    flag(object.unsupportedSince !== null, UNSUPPORTED) |
    flag(object.heldUntil !== null, HELD) |
    flag(object.incident !== null, INCIDENT) |
    flag(object.from !== null, FROM) |
    flag(object.ruleHold?.reason === 'rule-not-registered', RULE_MISSING) |
    flag(object.ruleHold?.reason === 'rule-failed', RULE_FAILED) |
    flag(object.state === object.voted && object.votedSince === object.votedAt, PLAIN)
  )
}

/**
 * The object's row: its due time, the object itself, and its first page of reports. Times are ms since its creation;
 * none precedes it.
 */
export function encodeObject(object: HotObject): Buffer {
  begin()
  const { head } = object
  const isReusable = !object.headChanged && head !== null
  if (isReusable) writeBytes(head, object.headStart, object.headEnd)
  else writeHead(object)
  const end = writePosition()
  writeNumber(object.rows.length)
  writeRows(object, 0)
  const row = written()
  if (!isReusable) {
    object.head = row
    object.headStart = 0
    object.headEnd = end
    object.headChanged = false
    object.past = storedPast(object)
  }
  return row
}

/** Copies the object's head into a buffer of its own, so that a large buffer is not retained for it. */
export function ownHead(object: HotObject): void {
  const { head, headStart, headEnd, headChanged } = object
  if (head === null || headChanged || headEnd - headStart === head.length) return
  const own = Buffer.allocUnsafeSlow(headEnd - headStart)
  head.copy(own, 0, headStart, headEnd)
  object.head = own
  object.headStart = 0
  object.headEnd = own.length
  object.past = storedPast(object)
}

function writeHead(object: HotObject): void {
  const { createdAt, past } = object
  writeNumber(object.armed === Infinity ? 0 : object.armed + 1)
  if (past === null) closeSize(openSize())
  else writePast(past, object)
  writeNumber(createdAt)
  writeNumber(object.incarnation)
  writeNumber(object.version)
  writeNumber(object.revision)
  const flags = flagsOf(object)
  writeNumber(flags)
  writeText(object.voted)
  writeNumber(object.votedSince - createdAt)
  if (!(flags & PLAIN)) {
    writeText(object.state)
    writeNumber(object.votedAt - createdAt)
  }
  if (object.from !== null) writeWord(object.from)
  writeRuns(object)
  writeNumber(object.overrides)
  if (object.override !== null) writeOverride(object.override, createdAt)
  writeNumber(object.oldest)
}

/** The past as encoded in the object's head, after the due time. Decoded it would take ten times the memory. */
function storedPast(object: HotObject): Past | null {
  if (object.past === null) return null
  beginRead(object.head!, object.headStart)
  readNumber()
  const start = skip()
  return new StoredPast(object, object.head!, start, readPosition())
}

function writeRuns(object: HotObject): void {
  const { createdAt } = object
  if (object.candidate !== null) {
    writeText(object.candidate)
    writeNumber(object.candidateSince - createdAt)
  }
  if (object.noQuorumSince !== null) writeNumber(object.noQuorumSince - createdAt)
  if (object.unsupportedSince !== null) writeNumber(object.unsupportedSince - createdAt)
  if (object.heldUntil !== null) writeNumber(object.heldUntil - createdAt)
  if (object.incident !== null) writeText(object.incident)
  if (object.ruleHold !== null) {
    writeNumber(object.ruleHold.since - createdAt)
    writeNumber(object.ruleHold.retryAt - createdAt)
  }
  writeNumber(object.changes.length)
  for (const time of object.changes) writeNumber(time - createdAt)
}

function readRuns(object: HotObject, flags: number): void {
  const { createdAt } = object
  if (flags & CANDIDATE) {
    object.candidate = readText()
    object.candidateSince = createdAt + readNumber()
  }
  if (flags & NO_QUORUM) object.noQuorumSince = createdAt + readNumber()
  if (flags & UNSUPPORTED) object.unsupportedSince = createdAt + readNumber()
  if (flags & HELD) object.heldUntil = createdAt + readNumber()
  if (flags & INCIDENT) object.incident = readText()
  if (flags & (RULE_MISSING | RULE_FAILED)) {
    const reason = flags & RULE_MISSING ? 'rule-not-registered' : 'rule-failed'
    object.ruleHold = { reason, since: createdAt + readNumber(), retryAt: createdAt + readNumber() }
  }
  const changes = readNumber()
  if (changes === 0) return
  if (!(changes <= CHANGES_KEPT)) throw unreadable(object.id)
  const times = [createdAt + readNumber()]
  for (let i = 1; i < changes; i++) times.push(createdAt + readNumber())
  object.changes = times
}

const REASON = 1
const AUTHOR = 2
const EXPIRES = 4
const UNTIL_AGREE = 8

function writeOverride(override: ActiveOverride, createdAt: number): void {
  writeText(override.state)
  writeNumber(
    flag(override.reason !== null, REASON) |
      flag(override.author !== null, AUTHOR) |
      flag(override.expiresAt !== null, EXPIRES) |
      flag(override.mode === 'until-agree', UNTIL_AGREE),
  )
  writeNumber(override.at - createdAt)
  if (override.reason !== null) writeText(override.reason)
  if (override.author !== null) writeText(override.author)
  if (override.expiresAt !== null) writeNumber(override.expiresAt - createdAt)
}

function readOverride(createdAt: number): ActiveOverride {
  const state = readText()
  const flags = readNumber()
  const at = createdAt + readNumber()
  const reason = flags & REASON ? readText() : null
  const author = flags & AUTHOR ? readText() : null
  const expiresAt = flags & EXPIRES ? createdAt + readNumber() : null
  const mode: OverrideMode = flags & UNTIL_AGREE ? 'until-agree' : 'pin'
  return { state, reason, author, expiresAt, mode, at }
}

/** The armed due time, computed from the row alone; may be early. */
export function dueOf(value: Buffer): number | null {
  beginRead(value)
  const due = readNumber()
  return due === 0 ? null : due - 1
}

/** Number of pages of reports, not counting the first. */
export const morePages = (rows: number): number => Math.max(0, Math.ceil(rows / PAGE_ROWS) - 1)

/** Decodes everything but the object's reports from its row, which begins at `start`. Nothing is counted yet. */
export function decodeHead(id: ObjectId, bytes: Buffer, start: number, settings: Settings): HotObject {
  beginRead(bytes, start)
  const due = readNumber()
  const pastStart = skip()
  const pastEnd = readPosition()
  const createdAt = readNumber()
  const object = new HotObject(id, readNumber(), createdAt, settings.policyOf(id), [])
  object.armed = due === 0 ? Infinity : due - 1
  object.version = readNumber()
  object.revision = readNumber()
  const flags = readNumber()
  readMarks(object, flags)
  readRuns(object, flags)
  object.overrides = readNumber()
  if (flags & OVERRIDE) object.override = readOverride(createdAt)
  object.oldest = readNumber()
  object.headChanged = false
  object.head = bytes
  object.headStart = start
  object.headEnd = readPosition()
  if (pastEnd > pastStart) object.past = new StoredPast(object, bytes, pastStart, pastEnd)
  // Bytes of a foreign writer may contain anything: check that what they refer to exists.
  if (!(readPosition() <= bytes.length)) throw unreadable(id)
  return object
}

/** An object without further pages, from its row inside a larger buffer. */
export function decodeObject(id: ObjectId, bytes: Buffer, start: number, settings: Settings): HotObject {
  const object = decodeHead(id, bytes, start, settings)
  object.storedRows = readNumber()
  object.storedPages = 0
  readRows(object, object.storedRows)
  if (!(readPosition() <= bytes.length)) throw unreadable(id)
  return object
}

const unreadable = (id: ObjectId): Error =>
  new Error(`the row of ${JSON.stringify(id)} cannot be read: it is damaged, or another program wrote it`)

function readMarks(object: HotObject, flags: number): void {
  const { createdAt } = object
  object.decided = (flags & DECIDED) !== 0
  object.contested = (flags & CONTESTED) !== 0
  object.stale = (flags & STALE) !== 0
  object.flapping = (flags & FLAPPING) !== 0
  const voted = readText()
  object.voted = voted
  object.votedSince = createdAt + readNumber()
  object.state = flags & PLAIN ? voted : readText()
  object.votedAt = flags & PLAIN ? object.votedSince : createdAt + readNumber()
  object.from = flags & FROM ? readWord() : null
}

function writeRows(object: HotObject, page: number): void {
  const end = Math.min(object.rows.length, (page + 1) * PAGE_ROWS)
  for (let i = page * PAGE_ROWS; i < end; i++) writeRow(object.rows[i]!)
}

function readRows(object: HotObject, count: number): void {
  for (let i = 0; i < count; i++) object.rows.push(readRow())
}

/** A page of reports other than the first. */
export function encodePage(object: HotObject, page: number): Buffer {
  begin()
  writeRows(object, page)
  return written()
}
