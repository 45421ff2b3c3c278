import type { Cause, Trigger } from '@quorate/contracts'
import type { HistoryEntry, Past, VoteObject } from '../vote'
import { readNumber, readText, readWord, writeNumber, writeText, writeWord } from './bytes'

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

/** Of the newest change: what the object does not say itself, as long as no later record has overwritten that. */
export function writeChange(change: HistoryEntry, object: VoteObject): void {
  const isLast = change.revision === object.revision
  writeNumber(isLast ? 1 : 0)
  if (!isLast) {
    writeNumber(change.revision)
    writeWord(change.cause)
    writeTrigger(change.trigger)
  }
  writeText(change.voted)
  writeNumber(change.at - object.createdAt)
  writeNumber(change.tally.length)
  for (const [state, weight] of change.tally) {
    writeText(state)
    writeNumber(weight)
  }
  writeNumber(change.participants)
  writeNumber(change.electorate)
  writeNumber(change.quorum)
  writeWord(change.rule ?? '')
  writeWord(change.policy)
}

/** `last`: what the last record said; the object still is as that record left it. */
export function readChange(object: VoteObject, last: Pick<Past, 'cause' | 'trigger'>): HistoryEntry {
  const isLast = readNumber() === 1
  const revision = isLast ? object.revision : readNumber()
  const cause = isLast ? last.cause : (readWord() as Cause)
  const trigger = isLast ? last.trigger : readTrigger()
  const voted = readText()
  const at = object.createdAt + readNumber()
  const tally: [string, number][] = []
  for (let left = readNumber(); left > 0; left--) tally.push([readText(), readNumber()])
  const participants = readNumber()
  const electorate = readNumber()
  const quorum = readNumber()
  const rule = readWord()
  const policy = readWord()
  return {
    version: object.version,
    revision,
    at,
    state: object.state,
    from: object.from!,
    voted,
    cause,
    trigger,
    tally,
    participants,
    electorate,
    quorum,
    rule: rule === '' ? null : rule,
    policy,
  }
}
