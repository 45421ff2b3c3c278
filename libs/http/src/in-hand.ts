import type { FastifyReply, FastifyRequest } from 'fastify'
import { HTTP_LIMITS } from './limits'
import { isRead } from './methods'
import { Slots } from './slots'
import { Problem } from './problem'

/** Answered whatever else is in hand: whoever watches over this instance must not take "busy" for "dead". */
export const HEALTH = ['/livez', '/readyz', '/metrics']
const isHealth = ({ url }: FastifyRequest) => HEALTH.some((path) => url === path || url.startsWith(`${path}?`))
/** A write waits for its body, for the log and for its outcome, a read at most for a position. */
const mayWait = ({ method, headers, url }: FastifyRequest) =>
  !isRead(method) || 'quorate-min-position' in headers || /[?&]wait=/.test(url)

type Kind = 'own' | 'forwarded'

/** Counts the requests that are being answered, and refuses what is too much: in all, and of one caller. */
export class InHand {
  readonly #slots: Readonly<Record<Kind, { readonly all: Slots; readonly waiting: Slots }>>

  constructor(most: Readonly<Record<Kind, number>> = HTTP_LIMITS) {
    // While the log is away, or a partition lags, requests that wait for it pile up: a quarter stays for those that
    // need not.
    const slotsOf = (count: number) => ({ all: new Slots(count), waiting: new Slots(Math.floor((count * 3) / 4)) })
    this.#slots = { own: slotsOf(most.own), forwarded: slotsOf(most.forwarded) }
  }

  /** @throws Problem `too-many-requests` */
  admit(request: FastifyRequest, reply: FastifyReply): void {
    if (isHealth(request)) return
    const { all, waiting } = this.#slots[request.forwarded ? 'forwarded' : 'own']
    const { caller } = request
    const waits = mayWait(request)
    if (!all.hasFor(caller) || (waits && !waiting.hasFor(caller)))
      throw new Problem(
        'too-many-requests',
        'This instance takes no more requests at once, or no more from you. Nothing was done; try again.',
      )
    all.take(caller)
    if (waits) waiting.take(caller)
    reply.raw.once('close', () => {
      all.release(caller)
      if (waits) waiting.release(caller)
    })
  }
}
