import { Problem } from '@quorate/http'
import type { FastifyRequest } from 'fastify'

/**
 * Ends work for a request whose connection has closed. (The request itself is destroyed as soon as its body was read, so it does not tell.)
 * @throws Problem that nobody will read
 */
export function refuseGone({ raw }: FastifyRequest): void {
  if (raw.socket.destroyed)
    throw new Problem('position-timeout', 'Who asked is not connected any more, so nothing was looked for.')
}
