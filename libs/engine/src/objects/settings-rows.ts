import { faultText, fillPolicy, isText } from '@quorate/contracts'
import type { TableReader } from '@quorate/state-store'
import { AGENTS, CLOCK, PENDING, POLICIES, RESHARD } from '../tables'
import { newGuard, Settings, type AgentWeight, type Guard, type Pending, type Rules } from '@quorate/vote'

/** The clock's row: stream time, the guard's counts, and the number of changes of the settings. */
export interface ClockRow {
  /** ms; null before the first record. */
  readonly time: number | null
  readonly settled: boolean
  readonly guard: Guard
  /** Increases with every change of policies and agents' settings. */
  readonly settings: number
  /** `knownFrom` of the settings (libs/vote/src/settings.ts); absent: 0. */
  readonly knownFrom?: number
  /** Number of the check that found all rows consistent; absent if an earlier release wrote them. */
  readonly checked?: number
}

/** Increased when a release must check again what earlier ones wrote. */
export const CHECKED = 1

export const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))
const parse = (bytes: Buffer): unknown => JSON.parse(bytes.toString('utf8'))

/** Called with the key of an invalid row and the reason. The row is ignored. */
export type RowRefused = (key: string, why: string) => void

const NOBODY: RowRefused = () => undefined

/**
 * The value of a row, validated; undefined if it is refused. An invalid record in the changelog must not stop the
 * partition.
 */
function judged<T>(
  key: string,
  value: Buffer,
  judge: (parsed: unknown) => T | string,
  refused: RowRefused,
): T | undefined {
  try {
    const it = judge(parse(value))
    if (typeof it !== 'string') return it
    refused(key, it)
  } catch (error) {
    refused(key, `not JSON: ${String(error).slice(0, 200)}`)
  }
  return undefined
}

const isRecord = (it: unknown): it is Readonly<Record<string, unknown>> => typeof it === 'object' && it !== null

/** Policies and agents' settings from their rows; invalid rows are ignored. */
export function readSettings(rows: TableReader, rules: Rules, refused: RowRefused = NOBODY): Settings {
  const settings = new Settings(rules)
  settings.knownFrom = readClock(rows).knownFrom ?? 0
  for (const { key, value } of rows.prefix(POLICIES)) {
    const policy = judged(key, value, (it) => judgePolicy(key, it), refused)
    if (policy !== undefined) settings.setPolicy(policy)
  }
  for (const { key, value } of rows.prefix(AGENTS)) {
    const agent = judged(key, value, (it) => judgeAgent(key, it), refused)
    if (agent !== undefined) settings.setAgent(key.slice(AGENTS.length), agent.weight, agent.muted)
  }
  return settings
}

/** A stored policy was validated when it was put in force. Weights and rules that changed since do not refuse it. */
function judgePolicy(key: string, it: unknown) {
  const { policy, faults } = fillPolicy(it, { anyMethod: true, weightOf: () => 0 })
  if (faults !== undefined) return `not a policy: ${faults.slice(0, 3).map(faultText).join('; ').slice(0, 300)}`
  return policy.name === key.slice(POLICIES.length) ? policy : 'the policy has another name'
}

function judgeAgent(key: string, it: unknown): AgentWeight | string {
  if (!isText(key.slice(AGENTS.length), 1, 256)) return "not an agent's id"
  if (!isRecord(it)) return "not an agent's settings"
  const { weight, muted } = it
  if (!Number.isSafeInteger(weight) || (weight as number) < 0 || typeof muted !== 'boolean')
    return "not an agent's settings"
  return { weight: weight as number, muted }
}

/** The validated row of a key, or the default if there is none. */
function rowOr<T>(
  rows: TableReader,
  key: string,
  judge: (it: unknown) => T | string,
  otherwise: T,
  refused: RowRefused,
): T {
  const value = rows.get(key)
  return value === undefined ? otherwise : (judged(key, value, judge, refused) ?? otherwise)
}

const isCount = (it: unknown): it is number => Number.isSafeInteger(it) && (it as number) >= 0

export function readClock(rows: TableReader, refused: RowRefused = NOBODY): ClockRow {
  const none = { time: null, settled: true, guard: newGuard(), settings: 0 }
  return rowOr<ClockRow>(rows, CLOCK, (it) => (isClock(it) ? it : 'not a clock'), none, refused)
}

function isClock(it: unknown): it is ClockRow {
  if (!isRecord(it) || !isRecord(it.guard)) return false
  const { known, stale, lost, incident } = it.guard
  const isGuard = [known, stale, lost].every(Number.isSafeInteger) && (incident === null || isRecord(incident))
  const isTime = it.time === null || Number.isFinite(it.time)
  return isGuard && isTime && typeof it.settled === 'boolean' && isCount(it.settings)
}

export function readPending(rows: TableReader, refused: RowRefused = NOBODY): Pending | null {
  const judge = (it: unknown) =>
    isRecord(it) && isCount(it.offset) && 'before' in it && 'after' in it
      ? (it as unknown as Pending)
      : 'not a pending broadcast'
  return rowOr<Pending | null>(rows, PENDING, judge, null, refused)
}

/** What a reshard left in the partitions that it created. */
export interface ReshardRow {
  readonly base: number
  /** Snapshots still to come. */
  readonly importing: number
}

export function readReshard(rows: TableReader, refused: RowRefused = NOBODY): ReshardRow | undefined {
  const judge = (it: unknown) =>
    isRecord(it) && isCount(it.base) && isCount(it.importing) ? (it as unknown as ReshardRow) : 'not a reshard'
  return rowOr<ReshardRow | undefined>(rows, RESHARD, judge, undefined, refused)
}
