import type { Logger } from '@quorate/log'
import { isDeepStrictEqual } from 'node:util'
import { type Channel, type ChannelTools, type Sender, SettingsError } from '../channels'
import type { SecretReader } from '../configuration/secret-reader'
import { referencesIn, SecretError, Secrets } from '../configuration/secrets'
import type { CourierEndpoint } from '../courier/endpoint'
import type { EndpointSettings, Receiver, Routing } from '../pipeline'
import { FaultySender, OpeningSender } from './opening-sender'

export interface EndpointsOptions {
  readonly channels: ReadonlyMap<string, Channel>
  readonly logger: Logger
  readonly now: () => number
  readonly tools?: Pick<ChannelTools, 'baseUrl' | 'timeZone'>
  /** Reads what references in settings stand for; absent: nothing may be named. */
  readonly secrets?: SecretReader | undefined
  /** Called when an endpoint that had to read its secrets has been opened, or could not be. */
  readonly changed: (endpoint: string) => void
}

interface Opened {
  readonly given: EndpointSettings
  readonly sender: Sender
  readonly concurrency: number
  readonly local: boolean
}

/** The senders of the endpoints in force. Those whose settings have not changed stay open when others change. */
export class Endpoints {
  private opened = new Map<string, Opened>()
  private readonly tools: Omit<ChannelTools, 'reveal'>

  constructor(private readonly options: EndpointsOptions) {
    const { logger, now, tools } = options
    this.tools = { logger, now, ...tools }
  }

  /**
   * Opens what is not open yet: at once where no secret has to be read, else when it has been. One that cannot be
   * opened now (a secret that is not there) tries again at each attempt, and the others work.
   * @throws Error, SettingsError
   */
  open({ receivers, retired = [] }: Routing): CourierEndpoint[] {
    const opened = new Map<string, Opened>()
    const endpoints = receivers.flatMap((receiver) => {
      const fallback = fallbackOf(receiver, receivers)
      return receiver.endpoints.map((given) => {
        if (opened.has(given.name)) throw new Error(`two endpoints are named ${given.name}`)
        const one = this.keepOrOpen(given)
        opened.set(given.name, one)
        const { sender, concurrency, local } = one
        const { fallbackAfter } = receiver
        return { name: given.name, sender, concurrency, local, fallback, ...(fallbackAfter === undefined ? {} : { fallbackAfter: fallbackAfter * 1000 }) } // prettier-ignore
      })
    })
    const leaving = retired.filter(({ name }) => !opened.has(name))
    const closing = leaving.map(({ name, channel, settings, until }): CourierEndpoint => {
      const one = this.keepOrOpen({ name, channel, settings })
      opened.set(name, one)
      return { name, sender: one.sender, concurrency: one.concurrency, local: one.local, fallback: undefined, retiredUntil: until } // prettier-ignore
    })
    this.opened = opened
    return [...endpoints, ...closing]
  }

  private keepOrOpen(given: EndpointSettings): Opened {
    const known = this.opened.get(given.name)
    return known && isDeepStrictEqual(known.given, given) ? known : this.openOne(given)
  }

  sender(name: string): Sender | undefined {
    return this.opened.get(name)?.sender
  }

  /** Resolves when the endpoints of a receiver have been opened, or could not be. */
  async settled({ endpoints }: Pick<Receiver, 'endpoints'>): Promise<void> {
    await Promise.all(endpoints.map(({ name }) => this.sender(name)?.opening ?? Promise.resolve()))
  }

  private openOne(given: EndpointSettings): Opened {
    const { channels, logger, changed } = this.options
    const { name, channel, settings } = given
    const found = channels.get(channel)
    const fault = given.fault ?? (found ? undefined : `there is no channel ${channel}; there are ${[...channels.keys()].join(', ')}`) // prettier-ignore
    if (!found || fault !== undefined)
      return { given, sender: new FaultySender(`not-opened: ${fault}`), concurrency: 1, local: false }
    const { concurrency, local = false } = found
    const references = [...referencesIn(settings)].map(({ reference }) => reference)
    const open = (secrets: Secrets): Sender => found.open(settings, { ...this.tools, reveal: revealing(secrets) })
    if (references.length === 0) return { given, sender: openNow(name, open), concurrency, local }
    const read = async () => open((await this.options.secrets?.read(references)) ?? new Secrets())
    const ended = (fault: string | undefined): void => {
      if (fault !== undefined) logger.error({ endpoint: name, fault }, 'an endpoint cannot be opened with its settings; retrying on every delivery; deliveries wait until then') // prettier-ignore
      changed(name)
    }
    return { given, sender: new OpeningSender(read, ended), concurrency, local }
  }
}

function openNow(name: string, open: (secrets: Secrets) => Sender): Sender {
  try {
    return open(new Secrets())
  } catch (error) {
    if (error instanceof SettingsError) throw new SettingsError(`endpoint ${name}: ${error.message}`)
    throw error
  }
}

function fallbackOf({ name, fallback }: Receiver, receivers: readonly Receiver[]): Receiver | undefined {
  const found = receivers.find((other) => other.name === fallback)
  if (fallback !== undefined && !found) throw new Error(`receiver ${name} has the fallback ${fallback}, which is not configured`) // prettier-ignore
  return found
}

const revealing =
  (secrets: Secrets) =>
  (text: string): string => {
    try {
      return secrets.reveal(text)
    } catch (error) {
      if (error instanceof SecretError) throw new SettingsError(error.message)
      throw error
    }
  }
