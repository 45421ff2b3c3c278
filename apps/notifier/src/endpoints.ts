import type { Logger } from '@quorate/log'
import { isDeepStrictEqual } from 'node:util'
import { type Channel, type ChannelTools, type Sender, SettingsError } from './channels'
import { reveal, SecretError } from './configuration/secrets'
import type { CourierEndpoint } from './courier/endpoint'
import type { EndpointSettings, Receiver, Routing } from './pipeline'
import { UnopenedSender } from './unopened-sender'

export interface EndpointsOptions {
  readonly channels: ReadonlyMap<string, Channel>
  readonly logger: Logger
  readonly now: () => number
  readonly tools?: Pick<ChannelTools, 'baseUrl' | 'timeZone'>
}

interface Opened {
  readonly given: EndpointSettings
  readonly sender: Sender
  readonly concurrency: number
}

/** The senders of the endpoints in force. Those whose settings have not changed stay open when others change. */
export class Endpoints {
  private opened = new Map<string, Opened>()
  private readonly tools: ChannelTools

  constructor(private readonly options: EndpointsOptions) {
    const { logger, now, tools } = options
    this.tools = { logger, now, reveal: revealed, ...tools }
  }

  /**
   * Opens what is not open yet. With `patience` an endpoint that cannot be opened now (a secret that is not there) tries again at each
   * attempt, and the others work.
   * @throws Error, SettingsError
   */
  open({ receivers }: Routing, { patience }: { patience: boolean }): CourierEndpoint[] {
    const opened = new Map<string, Opened>()
    const endpoints = receivers.flatMap((receiver) => {
      const fallback = fallbackOf(receiver, receivers)
      return receiver.endpoints.map((given) => {
        if (opened.has(given.name)) throw new Error(`two endpoints are named ${given.name}`)
        const known = this.opened.get(given.name)
        const one = known && isDeepStrictEqual(known.given, given) ? known : this.openOne(given, patience)
        opened.set(given.name, one)
        return { name: given.name, sender: one.sender, concurrency: one.concurrency, fallback }
      })
    })
    this.opened = opened
    return endpoints
  }

  sender(name: string): Sender | undefined {
    return this.opened.get(name)?.sender
  }

  private openOne(given: EndpointSettings, patience: boolean): Opened {
    const { channels, logger } = this.options
    const { name, channel, settings } = given
    const found = channels.get(channel)
    if (!found)
      throw new Error(`endpoint ${name} has the channel ${channel}; there are ${[...channels.keys()].join(', ')}`)
    const { concurrency } = found
    const open = (): Sender => found.open(settings, this.tools)
    try {
      return { given, sender: open(), concurrency }
    } catch (error) {
      if (!(error instanceof SettingsError)) throw error
      if (!patience) throw new SettingsError(`endpoint ${name}: ${error.message}`)
      logger.error({ endpoint: name, fault: error.message }, 'an endpoint cannot be opened as it is configured; it is tried again with each delivery, which wait') // prettier-ignore
      return { given, sender: new UnopenedSender(open, error.message), concurrency }
    }
  }
}

function fallbackOf({ name, fallback }: Receiver, receivers: readonly Receiver[]): Receiver | undefined {
  const found = receivers.find((other) => other.name === fallback)
  if (fallback !== undefined && !found) throw new Error(`receiver ${name} has the fallback ${fallback}, which is not there`) // prettier-ignore
  return found
}

function revealed(text: string): string {
  try {
    return reveal(text)
  } catch (error) {
    if (error instanceof SecretError) throw new SettingsError(error.message)
    throw error
  }
}
