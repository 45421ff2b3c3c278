import type { Policy } from '@quorate/contracts'
import type { TableReader } from '@quorate/state-store'
import { AGENTS, CLOCK, PENDING, POLICIES, RESHARD } from '../tables'
import { newGuard, Settings, type AgentWeight, type Guard, type Pending, type Rules } from '../vote'

/** The clock's row: how far time has come, the guard's counts, and how often the settings have changed. */
export interface ClockRow {
  /** ms; null before the first record. */
  readonly time: number | null
  readonly settled: boolean
  readonly guard: Guard
  /** Rises with every change of policies and agents' settings. */
  readonly settings: number
  /** Of the settings (vote/settings.ts); absent: 0. */
  readonly knownFrom?: number
  /** Of the release that has found all rows to fit together; absent where an earlier one wrote them. */
  readonly checked?: number
}

/** Rises when a release has to look again at what earlier ones wrote. */
export const CHECKED = 1

export const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))
const parse = (bytes: Buffer): unknown => JSON.parse(bytes.toString('utf8'))

/** Policies and agents' settings from their rows. */
export function readSettings(rows: TableReader, rules: Rules): Settings {
  const settings = new Settings(rules)
  settings.knownFrom = readClock(rows).knownFrom ?? 0
  for (const { value } of rows.prefix(POLICIES)) settings.setPolicy(parse(value) as Policy)
  for (const { key, value } of rows.prefix(AGENTS)) {
    const { weight, muted } = parse(value) as AgentWeight
    settings.setAgent(key.slice(AGENTS.length), weight, muted)
  }
  return settings
}

export function readClock(rows: TableReader): ClockRow {
  const value = rows.get(CLOCK)
  return value === undefined
    ? { time: null, settled: true, guard: newGuard(), settings: 0 }
    : (parse(value) as ClockRow)
}

export function readPending(rows: TableReader): Pending | null {
  const value = rows.get(PENDING)
  return value === undefined ? null : (parse(value) as Pending)
}

/** What a reshard left to the partitions that it made. */
export interface ReshardRow {
  readonly base: number
  /** Snapshots still to come. */
  readonly importing: number
}

export function readReshard(rows: TableReader): ReshardRow | undefined {
  const value = rows.get(RESHARD)
  return value === undefined ? undefined : (parse(value) as ReshardRow)
}
