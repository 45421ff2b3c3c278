import type { Log, Logger } from '@quorate/log'
import { isRecord } from '@quorate/contracts'
import { KeyValueTable } from '@quorate/state-store'
import type { InhibitionSource, GoneMark } from '../pipeline'
import type { Written } from './document'
import { partsOfKey, settingsKey, type SettingsTable } from './keys'
import { readRow } from './unreadable-row'

export interface NotifySettingsOptions {
  readonly log: Log
  /** `quorate.settings` */
  readonly topic: string
  readonly logger: Logger
}

export interface SettingsEntry {
  readonly table: SettingsTable
  readonly name: string
  /** undefined: deleted. */
  readonly value: unknown
}

const CODEC = { encode: (value: unknown) => Buffer.from(JSON.stringify(value)), decode: readRow }

/** What `quorate.settings` holds of the notifier: a whole copy in this process, in the order of its log. */
export class NotifySettings {
  private readonly listeners = new Set<() => void>()
  private announcing = false

  private constructor(private readonly table: KeyValueTable<unknown>) {
    table.watch(({ key }) => {
      if (partsOfKey(key)) this.announce()
    })
  }

  static async open({ log, topic, logger }: NotifySettingsOptions): Promise<NotifySettings> {
    return new NotifySettings(await KeyValueTable.open<unknown>({ log, topic, logger, codec: CODEC }))
  }

  /** As it is written, unchecked: others can write to the log as well. */
  document(): Written {
    const root = this.get('routes', 'root')
    return {
      receivers: this.entries('receivers'),
      silences: this.entries('silences'),
      inhibitions: this.entries('inhibitions'),
      ...(root === undefined ? {} : { routes: root }),
    }
  }

  /** Parents that are bad, by inhibition. */
  afflictions(): ReadonlyMap<string, InhibitionSource> {
    return this.records('parents') as ReadonlyMap<string, InhibitionSource>
  }

  /** Endpoints that said they are gone, by name. */
  gone(): ReadonlyMap<string, GoneMark> {
    return this.records('gone') as ReadonlyMap<string, GoneMark>
  }

  /** Endpoints that were taken away, by name. */
  retired(): ReadonlyMap<string, unknown> {
    return this.entries('retired')
  }

  get(table: SettingsTable, name: string): unknown {
    return this.table.get(settingsKey(table, name))
  }

  /** Resolves once it has come back from the log. */
  async put(table: SettingsTable, name: string, value: unknown): Promise<void> {
    await this.table.put(settingsKey(table, name), value)
  }

  /** Writes entries in their order; resolves once all have come back from the log. */
  async putAll(entries: readonly SettingsEntry[]): Promise<void> {
    await this.table.putAll(entries.map(({ table, name, value }) => [settingsKey(table, name), value]))
  }

  async delete(table: SettingsTable, name: string): Promise<void> {
    await this.table.delete(settingsKey(table, name))
  }

  /** Called after changes, once for those of one moment; answers the way to stop. */
  watch(listener: () => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  close(): Promise<void> {
    this.listeners.clear()
    return this.table.close()
  }

  private entries(wanted: SettingsTable): Map<string, unknown> {
    const found = new Map<string, unknown>()
    for (const [key, value] of this.table.entries()) {
      const parts = partsOfKey(key)
      if (parts?.table === wanted) found.set(parts.name, value)
    }
    return found
  }

  /** Without what is no record: others can write to the log as well. */
  private records(wanted: SettingsTable): Map<string, unknown> {
    return new Map([...this.entries(wanted)].filter(([, value]) => isRecord(value)))
  }

  private announce(): void {
    if (this.announcing) return
    this.announcing = true
    setImmediate(() => {
      this.announcing = false
      for (const listener of this.listeners) listener()
    })
  }
}
