import type { FastifyReply } from 'fastify'

/** An answer ready to send; forwarded answers are the owner's bytes as they came. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | Buffer | undefined
}

export const JSON_TYPE = 'application/json; charset=utf-8'

/** JSON text that is already written. */
export const json = (status: number, body: string, headers: Readonly<Record<string, string>> = {}): Answer => ({
  status,
  headers: { 'content-type': JSON_TYPE, ...headers },
  body,
})

export function send(reply: FastifyReply, { status, headers, body }: Answer): void {
  void reply.code(status).headers(headers).send(body)
}
