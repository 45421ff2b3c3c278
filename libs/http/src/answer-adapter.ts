import { FastifyAdapter } from '@nestjs/platform-fastify'
import type { FastifyReply, RawServerDefault } from 'fastify'
import { Answer } from './answer'

type Reply = FastifyAdapter<RawServerDefault>['reply']

/**
 * Nest's way out of a handler: an `Answer` is sent with its status, headers and body; any other value as Nest sends it.
 */
export class AnswerAdapter extends FastifyAdapter<RawServerDefault> {
  override reply(...[response, body, status]: Parameters<Reply>): ReturnType<Reply> {
    if (!Answer.is(body)) return super.reply(response, body, status)
    return (response as FastifyReply).code(body.status).headers(body.headers).send(body.body)
  }
}
