import type { Logger } from '@quorate/log'
import { isDeepStrictEqual } from 'node:util'
import { type Clock, type RunningTask, type Streams, systemClock } from '@quorate/streams'
import { type Channel, CHANNELS } from './channels'
import { Courier, type CourierOptions } from './courier/courier'
import type { CourierEvents } from './courier/endpoint'
import { Endpoints, type EndpointsOptions } from './endpoints/endpoints'
import { Dependants } from './queries/dependants'
import { nextFlush } from './queries/group-flush'
import { type Directions, directionsOf, type Routing } from './pipeline'
import { sendTest, type Tested } from './endpoints/test-messages'
import { NotifierProcessor, type ProcessorEvents } from './processor'

export type NotifierEvents = ProcessorEvents & CourierEvents

export interface NotifierOptions {
  readonly routing: Routing
  readonly logger: Logger
  readonly events: NotifierEvents
  readonly channels?: ReadonlyMap<string, Channel>
  readonly tools?: EndpointsOptions['tools']
  readonly secrets?: EndpointsOptions['secrets']
  readonly clock?: Clock
  /** In [0, 1). */
  readonly random?: () => number
  readonly courier?: Pick<CourierOptions, 'backoff' | 'atOnce' | 'window' | 'spare' | 'gatherMs'>
}

/**
 * The notifier of one process: the processor decides and plans, the courier sends; between them only committed rows.
 */
export class Notifier {
  readonly processor: NotifierProcessor
  readonly courier: Courier
  private readonly endpoints: Endpoints
  private inForce: Directions
  private routing: Routing
  private readonly running = new Set<RunningTask>()
  private detach: () => void = () => undefined

  /** @throws Error, SettingsError when the routing cannot work; nothing has been started then */
  constructor(private readonly options: NotifierOptions) {
    const { routing, logger, events, clock = systemClock, channels = CHANNELS, tools = {} } = options
    this.routing = routing
    this.inForce = directionsOf(routing)
    this.endpoints = new Endpoints({
      channels,
      logger,
      now: () => clock.now(),
      tools,
      secrets: options.secrets,
      changed: (endpoint) => this.courier.reopened(endpoint),
    })
    this.courier = new Courier({
      endpoints: this.endpoints.open(routing),
      clock,
      logger,
      events,
      ...(options.random ? { random: options.random } : {}),
      ...options.courier,
    })
    this.courier.mark(routing.gone ?? new Map())
    this.processor = new NotifierProcessor({
      directions: () => this.inForce,
      dependants: new Dependants(this.running, () => this.inForce).of,
      gathers: (channel) => channels.get(channel)?.gathers ?? false,
      groupElsewhere: (key) => nextFlush(this.running, key, clock.now()),
      now: () => clock.now(),
      logger,
      events,
      committed: (partition, planned) => this.courier.planned(partition, planned),
    })
  }

  /** Follows which tasks run here: their outboxes are the courier's work. */
  attach(streams: Pick<Streams, 'tasks' | 'onChange'>): void {
    const look = (): void => {
      const now = new Set(streams.tasks().filter((task) => task.state === 'running'))
      for (const task of this.running) {
        if (now.has(task)) continue
        this.running.delete(task)
        this.courier.lost(task)
      }
      for (const task of now) {
        if (this.running.has(task)) continue
        this.running.add(task)
        this.courier.opened(task)
      }
    }
    this.detach = streams.onChange(look)
    look()
  }

  /** The configuration in force, compiled. */
  get directions(): Directions {
    return this.inForce
  }

  /**
   * Another configuration from now on: of the batches that begin after it. What the old one held back and this one does
   * not is judged again. An endpoint that cannot be opened now is tried again with each of its deliveries.
   * @throws Error when it cannot work; the old one stays in force then
   */
  configure(routing: Routing): void {
    const directions = directionsOf(routing)
    const endpointsOf = ({ receivers, retired = [] }: Routing) => [receivers, retired]
    if (!isDeepStrictEqual(endpointsOf(routing), endpointsOf(this.routing)))
      this.courier.configure(this.endpoints.open(routing))
    this.courier.mark(routing.gone ?? new Map())
    this.routing = routing
    this.inForce = directions
    // Tasks ask for their next wake after each piece of work; one that ends meanwhile looks when it begins again.
    for (const task of this.running) task.submit(() => undefined).catch(() => undefined)
  }

  /** Where links lead, and the zone of times. */
  get textOptions(): NonNullable<NotifierOptions['tools']> {
    return this.options.tools ?? {}
  }

  /** The notifier's clock, ms. */
  now(): number {
    return (this.options.clock ?? systemClock).now()
  }

  /** Resolves when the endpoints of a receiver have read their secrets. */
  async settled(receiver: string): Promise<void> {
    await this.endpoints.settled(this.inForce.receivers.get(receiver) ?? { endpoints: [] })
  }

  /** Sends a test alarm and its end to every endpoint of a receiver. */
  async test(receiver: string, author: string): Promise<Tested[]> {
    const endpoints = this.inForce.receivers.get(receiver)?.endpoints ?? []
    const tested = await Promise.all(
      endpoints.map(({ name }) => sendTest(name, this.endpoints.sender(name)!, author, this.now())),
    )
    return tested.flat()
  }

  /** Finishes what is being sent. To be called before streams stops, so that the outcomes are still written. */
  async close(): Promise<void> {
    await this.courier.close()
    this.detach()
  }
}
