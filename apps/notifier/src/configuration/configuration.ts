import { ConfigError } from '@quorate/config'
import type { Fault } from '@quorate/contracts'
import type { Logger } from '@quorate/log'
import type { Routing } from '../pipeline'
import { checkDocument, type Surroundings } from './check'
import { type NotifyDocument, NOTHING } from './document'
import type { SettingsTable } from './keys'
import { routingOfDocument } from './routing'
import { secretFaults } from './secret-faults'
import type { SecretReader } from './secret-reader'
import type { NotifySettings, Written } from './settings'

export interface ConfigurationOptions {
  readonly settings: NotifySettings
  readonly channels: Surroundings['channels']
  /** What the process has without any configuration: the console, a webhook. */
  readonly base: Routing
  /** Judges the references of what is written. */
  readonly secrets: SecretReader
  readonly logger: Logger
}

/** One entry of the configuration; undefined: none of this name. */
export interface Entry {
  readonly table: Exclude<SettingsTable, 'parents' | 'gone' | 'declared'>
  readonly name: string
  readonly value: unknown
}

/** Something was refused: every fault with its place in the whole configuration. */
export class ConfigurationFault extends Error {
  override readonly name = 'ConfigurationFault'
  constructor(readonly faults: readonly Fault[]) {
    super(faults.map(({ pointer, detail }) => `${pointer || '(the whole)'}: ${detail}`).join('; '))
  }
}

/**
 * The notifier's configuration: the settings checked as a whole. What is in the log and does not pass (two writers at once) is not put in
 * force; the last that did stays.
 */
export class Configuration {
  private current: NotifyDocument
  private readonly listeners = new Set<(routing: Routing) => void>()
  private writing: Promise<unknown> = Promise.resolve()
  private refused: ConfigurationFault | undefined

  constructor(private readonly options: ConfigurationOptions) {
    const { document, fault } = this.read()
    this.current = document ?? NOTHING
    this.refused = fault
    options.settings.watch(() => this.look())
  }

  get document(): NotifyDocument {
    return this.current
  }

  /** @throws ConfigError when what was in the log at the start does not pass: there is nothing to keep to then */
  insist(topic: string): void {
    if (!this.refused) return
    throw new ConfigError(
      this.refused.faults.map(({ pointer, detail }) => `${pointer} of the notifier's settings (${topic}) is refused: ${detail}. A section notify: in quorate.yaml can put it right.`), // prettier-ignore
    )
  }

  /** What is in force. */
  routing(): Routing {
    return {
      ...routingOfDocument(this.current, this.options.base),
      afflictions: this.options.settings.afflictions(),
      gone: this.options.settings.gone(),
    }
  }

  /** Called with what comes into force, now and at every change. */
  follow(listener: (routing: Routing) => void): void {
    this.listeners.add(listener)
    listener(this.routing())
  }

  /**
   * Writes entries, one after the other, each with the whole still right; resolves once they are in force here.
   * @throws ConfigurationFault, and nothing is written
   */
  write(entries: readonly Entry[]): Promise<void> {
    const work = this.writing.then(() => this.writeNow(entries))
    this.writing = work.catch(() => undefined)
    return work
  }

  /** Faults of the configuration as it would be. */
  judge(entries: readonly Entry[]): readonly Fault[] {
    const document = entries.reduce(changed, this.options.settings.document())
    return checkDocument(document, this.surroundings).faults ?? []
  }

  private async writeNow(entries: readonly Entry[]): Promise<void> {
    const receivers = Object.fromEntries(
      entries.flatMap(({ table, name, value }) => (table === 'receivers' ? [[name, value]] : [])),
    ) // prettier-ignore
    const faults = [...this.judge(entries), ...(await secretFaults(receivers, this.options.secrets))]
    if (faults.length > 0) throw new ConfigurationFault(faults)
    for (const { table, name, value } of entries) {
      if (value === undefined) await this.options.settings.delete(table, name)
      else await this.options.settings.put(table, name, value)
    }
    this.look()
  }

  private get surroundings(): Surroundings {
    const { channels, base } = this.options
    return { channels, builtIn: new Set(base.receivers.map(({ name }) => name)) }
  }

  private read():
    { document: NotifyDocument; fault?: undefined } | { document?: undefined; fault: ConfigurationFault } {
    const { document, faults } = checkDocument(this.options.settings.document(), this.surroundings)
    return faults ? { fault: new ConfigurationFault(faults) } : { document }
  }

  private look(): void {
    const { document, fault } = this.read()
    if (fault) {
      if (this.refused?.message !== fault.message)
        this.options.logger.error({ faults: fault.faults }, 'the notifier\'s settings do not fit together; those before stay in force. Put what is named right') // prettier-ignore
      this.refused = fault
      return
    }
    this.refused = undefined
    this.current = document
    const routing = this.routing()
    for (const listener of this.listeners) listener(routing)
  }
}

/** What the log has, with one entry changed. */
function changed(document: Written, { table, name, value }: Entry): Written {
  if (table === 'routes') {
    const { routes: _, ...rest } = document
    return value === undefined ? rest : { ...rest, routes: value }
  }
  const entries: Record<string, unknown> = { ...(document[table] as Record<string, unknown>) }
  if (value === undefined) delete entries[name]
  else entries[name] = value
  return { ...document, [table]: entries }
}
