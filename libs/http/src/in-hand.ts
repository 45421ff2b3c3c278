import type { FastifyReply, FastifyRequest } from 'fastify'
import { HTTP_LIMITS } from './limits'
import { isRead } from './methods'
import { Problem } from './problem'

/** Answered whatever else is in hand: whoever watches over this instance must not take "busy" for "dead". */
export const HEALTH = ['/livez', '/readyz', '/metrics']
const isHealth = ({ url }: FastifyRequest) => HEALTH.some((path) => url === path || url.startsWith(`${path}?`))
/** A write waits for the log and for its outcome, a read at most for a position. */
const mayWait = ({ method, headers, url }: FastifyRequest) =>
  !isRead(method) || 'quorate-min-position' in headers || /[?&]wait=/.test(url)

/** Counts the requests that are being answered, and refuses what is too much. */
export class InHand {
  private readonly all = { own: 0, forwarded: 0 }
  private readonly waiting = { own: 0, forwarded: 0 }

  constructor(private readonly most: Readonly<Record<'own' | 'forwarded', number>> = HTTP_LIMITS) {}

  /** @throws Problem `too-many-requests` */
  admit(request: FastifyRequest, reply: FastifyReply): void {
    if (isHealth(request)) return
    const kind = request.forwarded ? 'forwarded' : 'own'
    // While the log is away, or a partition lags, requests that wait for it pile up: a quarter stays for those that need not.
    const waits = mayWait(request)
    const counts = waits ? [this.all, this.waiting] : [this.all]
    if (this.all[kind] >= this.most[kind] || (waits && this.waiting[kind] >= (this.most[kind] * 3) / 4))
      throw new Problem(
        'too-many-requests',
        'This instance has all the requests in hand that it takes. Nothing was done; try again.',
      )
    for (const count of counts) count[kind]++
    reply.raw.once('close', () => {
      for (const count of counts) count[kind]--
    })
  }
}
