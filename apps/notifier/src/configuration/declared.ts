import { ConfigError, type Sections } from '@quorate/config'
import { isRecord, pointer } from '@quorate/contracts'
import type { Logger } from '@quorate/log'
import { createHash } from 'node:crypto'
import { type Configuration, ConfigurationFault, type Entry } from './configuration'
import type { NotifySettings } from './settings'

const PARTS = ['receivers', 'silences', 'inhibitions'] as const
/** The row that says what the file declared when it was last put in force. */
const LAST = 'file'

/**
 * The section `notify:` of quorate.yaml as entries of the configuration: receivers, inhibitions and silences are mappings by name or
 * lists with names, `routes` is the root of the tree.
 * @throws ConfigError for what is no part
 */
export function entriesIn({ notify, file }: Sections): Entry[] {
  if (notify === undefined || notify === null) return []
  if (!isRecord(notify))
    throw new ConfigError([`/notify in ${file} must hold receivers, routes, silences, inhibitions.`])
  const { routes, ...parts } = notify
  const unknown = Object.keys(parts).filter((name) => !(PARTS as readonly string[]).includes(name))
  if (unknown.length > 0)
    throw new ConfigError(
      unknown.map((name) => `${pointer('notify', name)} in ${file} is unknown; there are ${PARTS.join(', ')}, routes.`),
    )
  const entries: Entry[] = []
  for (const table of PARTS)
    for (const [name, value] of named(parts[table], table, file)) entries.push({ table, name, value })
  // After the receivers that it names.
  if (routes !== undefined && routes !== null) entries.push({ table: 'routes', name: 'root', value: routes })
  return entries
}

function named(part: unknown, table: string, file: string): [string, unknown][] {
  if (part === undefined || part === null) return []
  if (isRecord(part)) return Object.entries(part)
  const key = table === 'silences' ? 'id' : 'name'
  const fault = (at: string, why: string) => new ConfigError([`${at} in ${file} ${why}.`])
  if (!Array.isArray(part)) throw fault(pointer('notify', table), 'must be a mapping by name, or a list')
  return part.map((entry: unknown, i) => {
    const name = isRecord(entry) ? entry[key] : undefined
    if (!isRecord(entry) || typeof name !== 'string') throw fault(pointer('notify', table, i), `needs a ${key}`)
    const { [key]: _, ...rest } = entry
    return [name, rest]
  })
}

/**
 * Puts in force what the file declares: entries that are new or have changed *in the file* since they were last put in force, those that
 * it names no more removed. An unchanged file changes nothing, also where REST has changed an entry since.
 * @throws ConfigError with every fault and its place
 */
export async function declare(
  configuration: Configuration,
  settings: NotifySettings,
  sections: Sections,
  logger: Logger,
): Promise<void> {
  const entries = entriesIn(sections)
  const before = (settings.get('declared', LAST) ?? {}) as Record<string, string>
  const now = Object.fromEntries(entries.map((entry) => [keyOf(entry), hashOf(entry.value)]))
  const changed = entries.filter((entry) => before[keyOf(entry)] !== now[keyOf(entry)])
  const gone = Object.keys(before)
    .filter((key) => now[key] === undefined)
    .map(entryOf)
    .filter((entry) => hashOf(settings.get(entry.table, entry.name)) === before[keyOf(entry)])
  if (changed.length === 0 && gone.length === 0) return
  try {
    // The tree before the receivers that it names no more.
    await configuration.write([...changed, ...gone.sort(({ table }) => (table === 'routes' ? -1 : 1))])
  } catch (error) {
    if (!(error instanceof ConfigurationFault)) throw error
    throw new ConfigError(
      error.faults.map(({ pointer: at, detail }) => `/notify${at} in ${sections.file} is refused: ${detail}.`),
    )
  }
  await settings.put('declared', LAST, now)
  logger.info({ changed: changed.map(keyOf), gone: gone.map(keyOf) }, 'what quorate.yaml declares of the notifier was put in force') // prettier-ignore
}

const keyOf = ({ table, name }: Pick<Entry, 'table' | 'name'>): string => `${table}/${name}`

function entryOf(key: string): Entry {
  const slash = key.indexOf('/')
  return { table: key.slice(0, slash) as Entry['table'], name: key.slice(slash + 1), value: undefined }
}

const hashOf = (value: unknown): string =>
  createHash('sha256').update(JSON.stringify(value ?? null)).digest('base64url').slice(0, 22) // prettier-ignore
