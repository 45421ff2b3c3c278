import { faultText, fillPolicy, isText } from '@quorate/contracts'
import type { TableReader } from '@quorate/state-store'
import { AGENTS, CLOCK, PENDING, POLICIES, RESHARD } from '../tables'
import { newGuard, Settings, type AgentWeight, type Guard, type Pending, type Rules } from '@quorate/vote'

/** The clock's row: how far time has come, the guard's counts, and how often the settings have changed. */
export interface ClockRow {
  /** ms; null before the first record. */
  readonly time: number | null
  readonly settled: boolean
  readonly guard: Guard
  /** Rises with every change of policies and agents' settings. */
  readonly settings: number
  /** Of the settings (libs/vote/src/settings.ts); absent: 0. */
  readonly knownFrom?: number
  /** Of the release that has found all rows to fit together; absent where an earlier one wrote them. */
  readonly checked?: number
}

/** Rises when a release has to look again at what earlier ones wrote. */
export const CHECKED = 1

export const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))
const parse = (bytes: Buffer): unknown => JSON.parse(bytes.toString('utf8'))

/** Told of a row that is none of ours: its key, and why. It is left out. */
export type RowRefused = (key: string, why: string) => void

const NOBODY: RowRefused = () => undefined

/** The value of a row, judged; undefined where it is refused. Whatever somebody wrote into the changelog stops nothing. */
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
    refused(key, `no JSON: ${String(error).slice(0, 200)}`)
  }
  return undefined
}

const isRecord = (it: unknown): it is Readonly<Record<string, unknown>> => typeof it === 'object' && it !== null

/** Policies and agents' settings from their rows; those that no longer are what they must be are left out. */
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

/** A stored policy was judged when it was put in force: neither weights nor rules refuse it since. */
function judgePolicy(key: string, it: unknown) {
  const { policy, faults } = fillPolicy(it, { anyMethod: true, weightOf: () => 0 })
  if (faults !== undefined) return `no policy: ${faults.slice(0, 3).map(faultText).join('; ').slice(0, 300)}`
  return policy.name === key.slice(POLICIES.length) ? policy : 'a policy of another name'
}

function judgeAgent(key: string, it: unknown): AgentWeight | string {
  if (!isText(key.slice(AGENTS.length), 1, 256)) return 'no id of an agent'
  if (!isRecord(it)) return 'no settings of an agent'
  const { weight, muted } = it
  if (!Number.isSafeInteger(weight) || (weight as number) < 0 || typeof muted !== 'boolean')
    return 'no settings of an agent'
  return { weight: weight as number, muted }
}

/** The row of a key, judged, or else what it is without one. */
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
  return rowOr<ClockRow>(rows, CLOCK, (it) => (isClock(it) ? it : 'no clock'), none, refused)
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
      : 'nothing pending'
  return rowOr<Pending | null>(rows, PENDING, judge, null, refused)
}

/** What a reshard left to the partitions that it made. */
export interface ReshardRow {
  readonly base: number
  /** Snapshots still to come. */
  readonly importing: number
}

export function readReshard(rows: TableReader, refused: RowRefused = NOBODY): ReshardRow | undefined {
  const judge = (it: unknown) =>
    isRecord(it) && isCount(it.base) && isCount(it.importing) ? (it as unknown as ReshardRow) : 'no reshard'
  return rowOr<ReshardRow | undefined>(rows, RESHARD, judge, undefined, refused)
}
