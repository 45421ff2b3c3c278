import type { Log, Logger } from '@quorate/log'
import { KeyValueTable } from '@quorate/state-store'
import type { Affliction, GoneMark } from '../pipeline'
import type { NotifyDocument } from './document'
import { partsOfKey, settingsKey, type SettingsTable } from './keys'

export interface NotifySettingsOptions {
  readonly log: Log
  /** `quorate.settings` */
  readonly topic: string
  readonly logger: Logger
}

/** The parts of the configuration as they are in the log. */
export type Written = Partial<Record<keyof NotifyDocument, unknown>>

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
    return new NotifySettings(await KeyValueTable.open<unknown>({ log, topic, logger }))
  }

  /** As it is written, unchecked: others can write to the log as well. */
  document(): Written {
    const of = (table: SettingsTable) => Object.fromEntries(this.entries(table))
    const root = this.get('routes', 'root')
    return {
      receivers: of('receivers'),
      silences: of('silences'),
      inhibitions: of('inhibitions'),
      ...(root === undefined ? {} : { routes: root }),
    }
  }

  /** Parents that are bad, by inhibition. */
  afflictions(): ReadonlyMap<string, Affliction> {
    return new Map(this.entries('parents')) as ReadonlyMap<string, Affliction>
  }

  /** Endpoints that said they are gone, by name. */
  gone(): ReadonlyMap<string, GoneMark> {
    return new Map(this.entries('gone')) as ReadonlyMap<string, GoneMark>
  }

  get(table: SettingsTable, name: string): unknown {
    return this.table.get(settingsKey(table, name))
  }

  /** Resolves once it has come back from the log. */
  async put(table: SettingsTable, name: string, value: unknown): Promise<void> {
    await this.table.put(settingsKey(table, name), value)
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

  private *entries(wanted: SettingsTable): IterableIterator<[string, unknown]> {
    for (const [key, value] of this.table.entries()) {
      const parts = partsOfKey(key)
      if (parts?.table === wanted) yield [parts.name, value]
    }
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
