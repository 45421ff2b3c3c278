import type { Trigger } from '@quorate/contracts'
import type { HistoryEntry, VoteObject } from '../vote'
import { readNumber, readText, writeNumber, writeText } from './bytes'

const AGENT = 1
const SEQ = 2

export function writeTrigger({ type, agent, seq, offset }: Trigger): void {
  writeText(type)
  writeNumber((agent === undefined ? 0 : AGENT) | (seq === undefined ? 0 : SEQ))
  if (agent !== undefined) writeText(agent)
  if (seq !== undefined) writeNumber(seq)
  writeNumber(offset)
}

export function readTrigger(): Trigger {
  const type = readText()
  const flags = readNumber()
  const agent = flags & AGENT ? { agent: readText() } : undefined
  const seq = flags & SEQ ? { seq: readNumber() } : undefined
  return { type, ...agent, ...seq, offset: readNumber() }
}

/** Of the newest change: what the object does not say itself, as long as no later record has overwritten that. */
export function writeChange(change: HistoryEntry, object: VoteObject): void {
  const isLast = change.revision === object.revision
  writeNumber(isLast ? 1 : 0)
  if (!isLast) {
    writeNumber(change.revision)
    writeText(change.voted)
    writeText(change.cause)
    writeTrigger(change.trigger)
  }
  writeNumber(change.at - object.createdAt)
  writeNumber(change.tally.length)
  for (const [state, weight] of change.tally) {
    writeText(state)
    writeNumber(weight)
  }
  writeNumber(change.participants)
  writeNumber(change.electorate)
  writeNumber(change.quorum)
  writeText(change.rule ?? '')
  writeText(change.policy)
}

/** The object is read but for this. */
export function readChange(object: VoteObject): HistoryEntry {
  const isLast = readNumber() === 1
  const revision = isLast ? object.revision : readNumber()
  const voted = isLast ? object.voted : readText()
  const cause = isLast ? object.cause! : (readText() as HistoryEntry['cause'])
  const trigger = isLast ? object.trigger! : readTrigger()
  const at = object.createdAt + readNumber()
  const tally = Array.from({ length: readNumber() }, (): [string, number] => [readText(), readNumber()])
  const participants = readNumber()
  const electorate = readNumber()
  const quorum = readNumber()
  const rule = readText()
  const policy = readText()
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
