import { type Fault, pointer } from '@quorate/contracts'
import type { Logger } from '@quorate/log'
import { setTimeout as after } from 'node:timers/promises'
import type { Routing } from '../pipeline'
import { faultsIn, type Surroundings } from './check'
import { tooMany } from './counts'
import type { NotifyDocument, Written } from './document'
import { NOTHING } from './document'
import type { SettingsTable } from './keys'
import { routingOfDocument } from './routing'
import { secretFaults } from './secret-faults'
import type { SecretReader } from './secret-reader'
import { retiredEndpoint, rowsOf } from './retiring'
import type { NotifySettings } from './settings'
import { templateFaultsIn } from './template-faults'
import { type LeftOut, type Part, soundDocument } from './sound'

export interface ConfigurationOptions {
  readonly settings: NotifySettings
  readonly channels: Surroundings['channels']
  /** What the process has without any configuration: the console, a webhook. */
  readonly base: Routing
  /** Judges the references of what is written. */
  readonly secrets: SecretReader
  readonly logger: Logger
  /** The clock that says when endpoints that were taken away are forgotten, ms. */
  readonly now?: () => number
}

/** One entry of the configuration; undefined: none of this name. */
export interface Entry {
  readonly table: Part & SettingsTable
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

/** What follows a change of the settings takes at most a part of the time: for each ms of it so many of rest. */
const REST = 10
const LONGEST_REST = 1_000

/**
 * The notifier's configuration: the settings checked as a whole. What is in the log and does not pass (written by
 * others, or by an earlier release, or by two writers at once) is left out by name; everything else is in force.
 */
export class Configuration {
  private current: NotifyDocument = NOTHING
  private out: readonly LeftOut[] = []
  private said = '[]'
  private readonly listeners = new Set<(routing: Routing) => void>()
  private writing: Promise<unknown> = Promise.resolve()
  /** Writes of this instance that are under way: what they change is put in force once, at their end. */
  private busy = 0
  private following = false
  private stale = false

  constructor(private readonly options: ConfigurationOptions) {
    this.read()
    options.settings.watch(() => void this.followChanges())
  }

  get document(): NotifyDocument {
    return this.current
  }

  /** Stored entries that are not in force, or not wholly. */
  get leftOut(): readonly LeftOut[] {
    return this.out
  }

  /** Whether something is stored under a name, in force or not. */
  isStored(table: Entry['table'], name: string): boolean {
    return this.options.settings.get(table, name) !== undefined
  }

  /** What is in force. */
  routing(): Routing {
    const now = this.now()
    const { settings } = this.options
    return {
      ...routingOfDocument(this.current, this.options.base),
      retired: [...settings.retired()].flatMap(([name, row]) => retiredEndpoint(name, row, now) ?? []),
      inhibitionSources: this.options.settings.afflictions(),
      gone: this.options.settings.gone(),
    }
  }

  /** Called with what comes into force, now and at every change. */
  follow(listener: (routing: Routing) => void): void {
    this.listeners.add(listener)
    listener(this.routing())
  }

  /**
   * Writes entries, each with the whole still right; resolves once they are in force here.
   * @throws ConfigurationFault, and nothing is written
   */
  write(entries: readonly Entry[]): Promise<void> {
    const work = this.writing.then(() => this.writeNow(entries))
    this.writing = work.catch(() => undefined)
    return work
  }

  /**
   * Faults that the configuration would have: all of the entries themselves, and those of others that are faulty
   * because of them. What is wrong already elsewhere is no reason to refuse.
   */
  judge(entries: readonly Entry[]): readonly Fault[] {
    const before = this.options.settings.document()
    const known = new Set(faultsIn(before, this.surroundings).map(textOf))
    const own = entries.filter(({ value }) => value !== undefined).map(({ table, name }) => placeOf(table, name))
    const after = changed(before, entries)
    const faults = faultsIn(after, this.surroundings).filter(
      (fault) =>
        !known.has(textOf(fault)) || own.some((at) => fault.pointer === at || fault.pointer.startsWith(`${at}/`)),
    )
    return [...faults, ...tooMany(before, after)]
  }

  /** The same, and whether their references lead where they may. */
  async judgeWithSecrets(entries: readonly Entry[]): Promise<readonly Fault[]> {
    const receivers = entries.flatMap(({ table, name, value }) =>
      table === 'receivers' ? [[name, value] as const] : [],
    )
    const written = new Map(receivers)
    const shape = this.judge(entries)
    const texts = templateFaultsIn(written, this.options.channels).filter(
      ({ pointer: at }) => !shape.some((fault) => fault.pointer === at),
    )
    return [...shape, ...texts, ...(await secretFaults(written, this.options.secrets))]
  }

  private async writeNow(entries: readonly Entry[]): Promise<void> {
    const faults = await this.judgeWithSecrets(entries)
    if (faults.length > 0) throw new ConfigurationFault(faults)
    this.busy++
    try {
      const { settings } = this.options
      const stored = { receivers: settings.document().receivers, retired: settings.retired() }
      await settings.putAll(rowsOf(entries, stored, this.now()))
    } finally {
      this.busy--
      this.look()
    }
  }

  private now(): number {
    return (this.options.now ?? Date.now)()
  }

  private get surroundings(): Surroundings {
    const { channels, base } = this.options
    return { channels, builtIn: new Set(base.receivers.map(({ name }) => name)) }
  }

  private read(): void {
    const { document, leftOut } = soundDocument(this.options.settings.document(), this.surroundings)
    this.current = document
    this.out = leftOut
    const said = JSON.stringify(leftOut)
    if (said === this.said) return
    this.said = said
    for (const { part, name, faults } of leftOut)
      this.options.logger.error({ part, name, faults }, 'an entry of the notifier\'s settings is invalid and left out; everything else is in force. Write it again or delete it') // prettier-ignore
  }

  /** Of changes that come one after the other, those of a while at once. */
  private async followChanges(): Promise<void> {
    this.stale = true
    if (this.following) return
    this.following = true
    // A write of this instance looks at its end.
    while (this.stale && this.busy === 0) {
      this.stale = false
      const begun = performance.now()
      this.look()
      await after(Math.min(LONGEST_REST, (performance.now() - begun) * REST), undefined, { ref: false })
    }
    this.following = false
  }

  private look(): void {
    this.read()
    const routing = this.routing()
    for (const listener of this.listeners) {
      try {
        listener(routing)
      } catch (error) {
        this.options.logger.error(
          { err: error },
          'the configuration cannot be put in force; the previous one stays in force',
        )
      }
    }
  }
}

const textOf = ({ pointer, detail }: Fault): string => `${pointer}: ${detail}`
const placeOf = (table: string, name: string): string => (table === 'routes' ? '/routes' : pointer(table, name))

/** What the log has, with entries changed. */
function changed(document: Written, entries: readonly Entry[]): Written {
  const parts = {
    receivers: new Map(document.receivers),
    silences: new Map(document.silences),
    inhibitions: new Map(document.inhibitions),
  }
  let { routes } = document
  for (const { table, name, value } of entries) {
    if (table === 'routes') routes = value
    else if (value === undefined) parts[table].delete(name)
    else parts[table].set(name, value)
  }
  return { ...parts, ...(routes === undefined ? {} : { routes }) }
}
