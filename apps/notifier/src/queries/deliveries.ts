import type { DeliveriesPage, OutboxDepth } from '@quorate/contracts'
import { type Answer, type Call, decodeCursor, encodeCursor, noContent, Problem } from '@quorate/http'
import { locate, type Owners } from '@quorate/routing'
import type { Courier } from '../courier/courier'
import { merge, type DeliverySlice, page } from './delivery-pages'
import type { DeliveryFilter } from './delivery-filter'
import { timeOrNull } from './delivery-wire'
import type { Missing } from './missing'

const waitingIn = (courier: Courier): OutboxDepth[] =>
  courier.status().map(({ name, depth, oldest }) => ({ endpoint: name, depth, oldest: timeOrNull(oldest) }))

/** The end of a page: a time and the id of a delivery. */
const isPlace = (after: string): boolean => /^\d{13}\u0001[\x21-\x7e]{1,128}$/.test(after)

/** Of several instances. */
function together(parts: readonly (readonly OutboxDepth[])[]): OutboxDepth[] {
  const found = new Map<string, OutboxDepth>()
  for (const { endpoint, depth, oldest } of parts.flat()) {
    const known = found.get(endpoint)
    const first = [oldest, known?.oldest ?? null].filter((time) => time !== null).sort()[0] ?? null
    found.set(endpoint, { endpoint, depth: depth + (known?.depth ?? 0), oldest: first })
  }
  return [...found.values()]
}

/** Decisions and dead letters, of all partitions: those here, and with one hop those of other instances. */
export class Deliveries {
  constructor(
    private readonly owners: Owners,
    private readonly courier: Courier,
  ) {}

  async list(filter: DeliveryFilter, cursor: string | undefined, limit: number, call: Call): Promise<DeliveriesPage> {
    const bound = { object: filter.object, receiver: filter.receiver, status: filter.status }
    const after = decodeCursor(cursor, bound, isPlace)
    const asked = filter.object === undefined ? undefined : [this.owners.partitionOf(filter.object)]
    const located = locate(this.owners, call.forwarded, asked)
    const { here, elsewhere } = located
    const missing: Missing[] = [...located.missing]
    const waiting: (readonly OutboxDepth[])[] = [waitingIn(this.courier)]
    const pages: DeliverySlice[] = here.map((task) => page(task, filter, after, limit))
    await Promise.all(
      [...elsewhere].map(async ([url, partitions]) => {
        const answer = await this.#remote(url, call)
        if (!answer) missing.push(...partitions.map((partition) => ({ partition, reason: 'owner-unreachable' })))
        else {
          pages.push({ items: answer.items, end: decodeCursor(answer.next, bound, isPlace) })
          waiting.push(answer.outbox ?? [])
          // The other instance names partitions that it does not have as missing; only ours with it count.
          missing.push(...answer.missing.filter(({ partition }) => partitions.includes(partition)))
        }
      }),
    )
    const { items, end } = merge(pages, limit)
    missing.sort((a, b) => a.partition - b.partition)
    const outbox = together(waiting)
    return {
      items,
      outbox,
      ...(end === undefined ? {} : { next: encodeCursor(end, bound) }),
      complete: missing.length === 0,
      missing,
    }
  }

  /** Makes a dead letter be sent again, wherever it lies. @throws Problem 404, 409, 503 */
  redrive(id: string, call: Call): Promise<Answer> {
    return this.#wherever(id, call, async (task) => {
      const redriven = await this.courier.redrive(task, id)
      if (redriven === 'superseded')
        throw new Problem(
          'conflict',
          `The receiver has been told something later since ${id} was given up. Nothing is sent; the delivery is marked superseded.`,
        )
      return redriven === 'planned'
    })
  }

  /** Gives a dead letter up for good. @throws Problem 404, 503 */
  drop(id: string, call: Call): Promise<Answer> {
    return this.#wherever(id, call, (task) => this.courier.drop(task, id))
  }

  /** Tries here first, then each of the other instances. */
  async #wherever(
    id: string,
    call: Call,
    here: (task: Parameters<Courier['redrive']>[0]) => Promise<boolean>,
  ): Promise<Answer> {
    const places = locate(this.owners, call.forwarded)
    for (const task of places.here) if (await here(task)) return noContent()
    for (const url of places.elsewhere.keys()) {
      const answer = await this.owners.peers.forward(url, call)
      if (answer.status !== 404) return answer
    }
    const [first] = places.missing
    if (first && !call.forwarded)
      throw new Problem(
        'rebalancing',
        `There is no dead letter ${id} in the partitions that can be asked; partition ${first.partition} cannot (${first.reason}). Try again.`,
      )
    throw new Problem(
      'not-found',
      `There is no dead letter ${id}: it was delivered, dropped, redriven already, or never was.`,
    )
  }

  async #remote(url: string, call: Call): Promise<DeliveriesPage | undefined> {
    const answer = await this.owners.peers.forward(url, call).catch(() => undefined)
    if (answer?.status !== 200) return undefined
    return JSON.parse(String(answer.body)) as DeliveriesPage
  }
}
