import type { FastifyReply, FastifyRequest } from 'fastify'
import { HTTP_LIMITS } from './limits'
import { Problem } from './problem'

/** Answered whatever else is in hand: whoever watches over this instance must not take "busy" for "dead". */
const HEALTH = ['/livez', '/readyz', '/metrics']
const isHealth = ({ url }: FastifyRequest) => HEALTH.some((path) => url === path || url.startsWith(`${path}?`))
const isRead = ({ method }: FastifyRequest) => method === 'GET' || method === 'HEAD'

export type Most = Pick<typeof HTTP_LIMITS, 'own' | 'forwarded'>

/** Counts the requests that are being answered, and refuses what is too much. */
export class InHand {
  private readonly all = { own: 0, forwarded: 0 }
  private readonly writes = { own: 0, forwarded: 0 }

  constructor(private readonly most: Readonly<Record<keyof Most, number>> = HTTP_LIMITS) {}

  /** @throws Problem `too-many-requests` */
  admit(request: FastifyRequest, reply: FastifyReply): void {
    if (isHealth(request)) return
    const kind = request.forwarded ? 'forwarded' : 'own'
    // While the log is away writes wait for it: a quarter stays for reads, which need it not.
    const counts = isRead(request) ? [this.all] : [this.all, this.writes]
    const isFull =
      this.all[kind] >= this.most[kind] || (!isRead(request) && this.writes[kind] >= (this.most[kind] * 3) / 4)
    if (isFull)
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
