import { Caller, type CallerOptions, segment } from './caller'
import { Partitions } from './partitions'
import type {
  DeliveriesPage,
  Delivery,
  DeliveryFilter,
  InhibitionAnswer,
  InhibitionInput,
  LeftOutEntry,
  ReceiverAnswer,
  ReceiverInput,
  RouteChange,
  RouteInput,
  RoutesAnswer,
  RouteTrial,
  SilenceAnswer,
  SilenceInput,
  SilencePreview,
  TestedEndpoint,
} from './notifier-answers'

interface Items<T> {
  readonly items: readonly T[]
}

/**
 * What operators ask a notifier: who is told, what is silenced, who was told what and why not. Every method throws
 * `ProblemError` when the server refuses, with the places of what is at fault, and `UnreachableError` when nothing
 * answers.
 */
export class NotifierClient {
  /** The partitions of the notifier, which are not those of the aggregator. */
  readonly partitions: Partitions
  private readonly caller: Caller

  constructor(options: CallerOptions = {}) {
    this.caller = new Caller(options)
    this.partitions = new Partitions(this.caller, '/v1/notifier/partitions')
  }

  // --- Receivers

  async receivers(): Promise<readonly ReceiverAnswer[]> {
    return (await this.get<Items<ReceiverAnswer>>('/v1/receivers')).items
  }

  /** Stored entries that do not pass: not in force, or not wholly. */
  async leftOut(part: 'receivers' | 'silences' | 'inhibitions'): Promise<readonly LeftOutEntry[]> {
    return (await this.get<{ leftOut: readonly LeftOutEntry[] }>(`/v1/${part}`)).leftOut
  }

  receiver(name: string): Promise<ReceiverAnswer> {
    return this.get(`/v1/receivers/${segment(name)}`)
  }

  /** Secrets by reference: `${env:NAME}`, `${file:path}`. */
  putReceiver(name: string, receiver: ReceiverInput): Promise<ReceiverAnswer> {
    return this.call('PUT', `/v1/receivers/${segment(name)}`, receiver)
  }

  async deleteReceiver(name: string): Promise<void> {
    await this.call('DELETE', `/v1/receivers/${segment(name)}`)
  }

  /** Sends a test alarm and its end to each endpoint. */
  async testReceiver(name: string): Promise<readonly TestedEndpoint[]> {
    return (await this.call<Items<TestedEndpoint>>('POST', `/v1/receivers/${segment(name)}/test`)).items
  }

  // --- Routes

  routes(): Promise<RoutesAnswer> {
    return this.get('/v1/routes')
  }

  putRoutes(root: RouteInput): Promise<RoutesAnswer> {
    return this.call('PUT', '/v1/routes', root)
  }

  async deleteRoutes(): Promise<void> {
    await this.call('DELETE', '/v1/routes')
  }

  /** Who would be told of a change, and why; nothing is sent. */
  async testRoutes(change: RouteChange): Promise<readonly RouteTrial[]> {
    return (await this.call<Items<RouteTrial>>('POST', '/v1/routes/test', change)).items
  }

  // --- Silences and inhibitions

  async silences(): Promise<readonly SilenceAnswer[]> {
    return (await this.get<Items<SilenceAnswer>>('/v1/silences')).items
  }

  addSilence(silence: SilenceInput): Promise<SilenceAnswer> {
    return this.call('POST', '/v1/silences', silence)
  }

  /** What a silence would be over now; nothing is written. */
  previewSilence(silence: SilenceInput): Promise<SilencePreview> {
    return this.call('POST', '/v1/silences?preview=true', silence)
  }

  putSilence(id: string, silence: SilenceInput): Promise<SilenceAnswer> {
    return this.call('PUT', `/v1/silences/${segment(id)}`, silence)
  }

  /** Ends a silence: what it held back is told. */
  async endSilence(id: string): Promise<void> {
    await this.call('DELETE', `/v1/silences/${segment(id)}`)
  }

  async inhibitions(): Promise<readonly InhibitionAnswer[]> {
    return (await this.get<Items<InhibitionAnswer>>('/v1/inhibitions')).items
  }

  putInhibition(name: string, inhibition: InhibitionInput): Promise<InhibitionAnswer> {
    return this.call('PUT', `/v1/inhibitions/${segment(name)}`, inhibition)
  }

  async deleteInhibition(name: string): Promise<void> {
    await this.call('DELETE', `/v1/inhibitions/${segment(name)}`)
  }

  // --- Deliveries

  /** A page of decisions, newest first. */
  async deliveries(filter: DeliveryFilter = {}): Promise<DeliveriesPage> {
    return (await this.caller.json<DeliveriesPage>({ path: '/v1/deliveries', query: { ...filter } })).body
  }

  /** Every decision that matches, page by page. Pages from which partitions are missing are what could be answered. */
  async *allDeliveries(filter: Omit<DeliveryFilter, 'cursor'> = {}): AsyncGenerator<Delivery> {
    let cursor: string | undefined
    do {
      const page = await this.deliveries(cursor === undefined ? filter : { ...filter, cursor })
      yield* page.items
      cursor = page.next
    } while (cursor !== undefined)
  }

  /** Sends a dead letter again, under its id. */
  async redrive(id: string): Promise<void> {
    await this.call('POST', `/v1/deliveries/${segment(id)}/redrive`)
  }

  /** Gives a dead letter up for good. */
  async drop(id: string): Promise<void> {
    await this.call('DELETE', `/v1/deliveries/${segment(id)}`)
  }

  private async get<T>(path: string): Promise<T> {
    return (await this.caller.json<T>({ path })).body
  }

  private async call<T>(method: string, path: string, body?: unknown): Promise<T> {
    return (await this.caller.json<T>({ method, path, ...(body === undefined ? {} : { body }) })).body
  }
}
