/** Tables of `quorate.settings` that the notifier has; a key is `<table>/<name>`. */
export const TABLES = {
  receivers: 'notify-receivers',
  /** One row, `root`. */
  routes: 'notify-routes',
  silences: 'notify-silences',
  inhibitions: 'notify-inhibitions',
  /** Which parents of inhibitions are bad: written by the task that has the parent. */
  parents: 'notify-parents',
  /** Endpoints that said they are gone (410): written by the task that heard it, deleted by a redrive. */
  gone: 'notify-gone',
  /** Endpoints that were taken away, kept for a while: what is open there is closed first. */
  retired: 'notify-retired',
  /** What quorate.yaml declared when it was last put in force. */
  declared: 'notify-declared',
} as const
export type SettingsTable = keyof typeof TABLES

export const settingsKey = (table: SettingsTable, name: string): string => `${TABLES[table]}/${name}`

const BY_OPENING = new Map(Object.entries(TABLES).map(([table, opening]) => [opening, table as SettingsTable]))

/** undefined for keys that are not the notifier's. */
export function partsOfKey(key: string): { table: SettingsTable; name: string } | undefined {
  const slash = key.indexOf('/')
  const table = BY_OPENING.get(key.slice(0, slash) as (typeof TABLES)[SettingsTable])
  return table && { table, name: key.slice(slash + 1) }
}
