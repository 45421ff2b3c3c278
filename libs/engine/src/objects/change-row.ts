import { LIMITS, type Cause, type Trigger } from '@quorate/contracts'
import { shownTally, type HistoryEntry, type Past, type VoteObject } from '@quorate/vote'
import { readNumber, readText, readWord, writeNumber, writeText, writeWord } from './bytes'

type Tallied = Pick<HistoryEntry, 'tally' | 'tallyRest'>

const AGENT = 1
const SEQ = 2

export function writeTrigger({ type, agent, seq, offset }: Trigger): void {
  writeWord(type)
  writeNumber((agent === undefined ? 0 : AGENT) | (seq === undefined ? 0 : SEQ))
  if (agent !== undefined) writeText(agent)
  if (seq !== undefined) writeNumber(seq)
  writeNumber(offset)
}

export function readTrigger(): Trigger {
  const type = readWord()
  const flags = readNumber()
  if (flags === 0) return { type, offset: readNumber() }
  const agent = readText()
  return flags & SEQ ? { type, agent, seq: readNumber(), offset: readNumber() } : { type, agent, offset: readNumber() }
}

/** Added to the number of states if `tallyRest` follows. Above any number that was ever written without it. */
const REST = 1 << 20

function writeTally({ tally, tallyRest: rest }: Tallied): void {
  writeNumber(tally.length + (rest === undefined ? 0 : REST))
  for (const [state, weight] of tally) {
    writeText(state)
    writeNumber(weight)
  }
  if (rest === undefined) return
  writeNumber(rest.states)
  writeNumber(rest.weight)
}

function readTally(): Tallied {
  const length = readNumber()
  const tally: [string, number][] = []
  for (let left = length % REST; left > 0; left--) tally.push([readText(), readNumber()])
  if (length >= REST) return { tally, tallyRest: { states: readNumber(), weight: readNumber() } }
  return withShownTally({ tally })
}

/** An earlier version may have written more states than are shown. */
export function withShownTally<T extends Tallied>(entry: T): T {
  if (entry.tally.length <= LIMITS.talliedStates) return entry
  const { entries, rest } = shownTally(entry.tally)
  return { ...entry, tally: entries, ...(rest === undefined ? {} : { tallyRest: rest }) }
}

/** Rows of earlier releases have at most the first flag. */
const LAST = 1
const OPERATOR = 2

function writeOptional(text: string | null): void {
  writeNumber(text === null ? 0 : 1)
  if (text !== null) writeText(text)
}

const readOptional = (): string | null => (readNumber() === 0 ? null : readText())

/**
 * Writes the newest change: only what the object does not contain itself, as long as no later record has overwritten
 * that.
 */
export function writeChange(change: HistoryEntry, object: VoteObject): void {
  const isLast = change.revision === object.revision
  writeNumber((isLast ? LAST : 0) | (change.author === undefined ? 0 : OPERATOR))
  if (!isLast) {
    writeNumber(change.revision)
    writeWord(change.cause)
    writeTrigger(change.trigger)
  }
  writeText(change.voted)
  writeNumber(change.at - object.createdAt)
  writeTally(change)
  writeNumber(change.participants)
  writeNumber(change.electorate)
  writeNumber(change.quorum)
  writeWord(change.rule ?? '')
  writeWord(change.policy)
  if (change.author === undefined) return
  writeOptional(change.author)
  writeOptional(change.reason ?? null)
}

/** `last`: origin of the last record. The object must be as that record left it. */
export function readChange(object: VoteObject, last: Pick<Past, 'cause' | 'trigger'>): HistoryEntry {
  const flags = readNumber()
  const isLast = (flags & LAST) !== 0
  const revision = isLast ? object.revision : readNumber()
  const cause = isLast ? last.cause : (readWord() as Cause)
  const trigger = isLast ? last.trigger : readTrigger()
  const voted = readText()
  const at = object.createdAt + readNumber()
  const tallied = readTally()
  const participants = readNumber()
  const electorate = readNumber()
  const quorum = readNumber()
  const rule = readWord()
  const policy = readWord()
  const operator = flags & OPERATOR ? { author: readOptional(), reason: readOptional() } : undefined
  return {
    version: object.version,
    revision,
    at,
    state: object.state,
    from: object.from!,
    voted,
    cause,
    trigger,
    ...tallied,
    participants,
    electorate,
    quorum,
    rule: rule === '' ? null : rule,
    policy,
    ...operator,
  }
}
