import { isRecord } from '@quorate/contracts'
import type { RetiredEndpoint } from '../pipeline'
import { endpointsIn, type Numbered, numberedIn, withIds } from './endpoint-ids'
import type { SettingsEntry } from './settings'

/** How long what is open at an endpoint that is taken away can be closed there, ms. */
export const RETIRED_MS = 3_600_000

/** What is stored before a write, by name. */
export interface Stored {
  readonly receivers: ReadonlyMap<string, unknown>
  readonly retired: ReadonlyMap<string, unknown>
}

/**
 * The rows that a write of entries becomes: endpoints have their numbers, and those that are taken away are kept, with
 * their settings (secrets by reference), so that what is open there can be closed.
 */
export function rowsOf(entries: readonly SettingsEntry[], stored: Stored, now: number): SettingsEntry[] {
  const receivers = new Map(stored.receivers)
  const retired = new Map(stored.retired)
  const rows: SettingsEntry[] = []
  const keep = (name: string, value: unknown): void => {
    rows.push({ table: 'retired', name, value })
    if (value === undefined) retired.delete(name)
    else retired.set(name, value)
  }
  for (const [name, value] of [...retired]) if (!retiredEndpoint(name, value, now)) keep(name, undefined)
  for (const { table, name, value } of entries) {
    if (table !== 'receivers') {
      rows.push({ table, name, value })
      continue
    }
    const before = receivers.get(name)
    const known = [...numberedIn(before), ...[...retired].flatMap((one) => numberedAgain(name, one))]
    const numbered = withIds(name, value, known, new Set(retired.keys()))
    const after = endpointsIn(name, numbered)
    // Before the entry: a reader of the entry then knows where to close what is open.
    for (const [endpoint, { channel, settings = {} }] of endpointsIn(name, before))
      if (!after.has(endpoint)) keep(endpoint, { receiver: name, channel, settings, until: now + RETIRED_MS })
    rows.push({ table, name, value: numbered })
    for (const endpoint of after.keys()) if (retired.has(endpoint)) keep(endpoint, undefined)
    if (numbered === undefined) receivers.delete(name)
    else receivers.set(name, numbered)
  }
  return rows
}

/** An endpoint that was taken away and can still be told what is closed there; undefined: none, or its time is over. */
export function retiredEndpoint(name: string, row: unknown, now: number): RetiredEndpoint | undefined {
  if (!isRecord(row)) return undefined
  const { receiver, channel, settings, until } = row
  if (typeof receiver !== 'string' || typeof channel !== 'string' || typeof until !== 'number') return undefined
  return until > now ? { name, receiver, channel, settings, until } : undefined
}

/** One of a receiver that was known by its number: it comes back by the same channel and settings. */
function numberedAgain(receiver: string, [name, row]: [string, unknown]): Numbered[] {
  const [, number] = name === receiver ? [name, '1'] : (new RegExp(`^${receiver.replaceAll('.', '\\.')}/(\\d+)$`).exec(name) ?? []) // prettier-ignore
  if (number === undefined || !isRecord(row)) return []
  return [{ id: Number(number), channel: row['channel'], settings: row['settings'] }]
}
