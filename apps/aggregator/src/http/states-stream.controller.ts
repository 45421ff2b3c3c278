import { Controller, Get, Req, Res } from '@nestjs/common'
import { ApiHeader, ApiOkResponse, ApiOperation, ApiQuery, ApiTags } from '@nestjs/swagger'
import { isState, isText, LIMITS } from '@quorate/contracts'
import { callOf, invalid } from '@quorate/http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { ApiProblems } from './openapi'
import { one, queryOf } from './request-parts'
import { Outlet } from './stream/outlet'
import { OpenStreams } from './stream/open-streams'
import { encodeVector, type Vector } from './stream/vector'

/** The stream of states, as Server-Sent Events. */
@ApiTags('objects')
@Controller('v1/states')
export class StatesStreamController {
  constructor(private readonly streams: OpenStreams) {}

  @Get('stream')
  @ApiOperation({
    operationId: 'streamStates',
    summary: 'The states of all objects, then every change.',
    description:
      'Events: `snapshot` for each object, `sync` when all have been sent, then `object.changed`, `object.updated` and `object.deleted` as they happen. ' +
      'The data of each is the object; of a deletion, what was deleted and why. From `sync` on every event has an id that resumes the stream behind it.',
  })
  @ApiQuery({
    name: 'prefix',
    required: false,
    schema: { type: 'string' },
    description: 'Only objects whose id begins so.',
  })
  @ApiQuery({
    name: 'state',
    required: false,
    schema: { type: 'string' },
    description: 'Only objects in this state; changes away from it are told too.',
  })
  @ApiHeader({
    name: 'Last-Event-ID',
    required: false,
    schema: { type: 'string' },
    description: 'Go on behind this event, without a snapshot.',
  })
  @ApiOkResponse({
    description: 'The stream; a comment every 15 s.',
    content: { 'text/event-stream': { schema: { type: 'string' } } },
  })
  @ApiProblems(400, 403, 410, 422, 429, 503)
  async stream(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { prefix, state } = queryOf(request, ['prefix', 'state'])
    if (state !== undefined && !isState(state))
      throw invalid([{ pointer: '/query/state', detail: 'must be a state: [a-z0-9][a-z0-9._-]{0,63}' }])
    if (prefix !== undefined && !isText(prefix, 0, LIMITS.objectIdBytes))
      throw invalid([{ pointer: '/query/prefix', detail: 'must be the beginning of an object id' }])
    const gone = new AbortController()
    reply.raw.once('close', () => gone.abort())
    const interest = { prefix: prefix === '' ? undefined : prefix, state }
    const release = this.streams.open(request.caller, gone.signal)
    try {
      const beginning = await this.streams.source.begin(
        interest,
        one(request, 'last-event-id'),
        callOf(request),
        gone.signal,
      )
      reply.hijack()
      // Its end has been told already, and will not be told again.
      if (gone.signal.aborted) return
      reply.raw.writeHead(200, {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
        'x-request-id': request.id,
      })
      reply.raw.flushHeaders()
      const vector: { current?: Vector } = {}
      const outlet = new Outlet(
        reply.raw,
        () => vector.current && encodeVector({ ...vector.current, time: Date.now() }),
      )
      release.onShutdown(() => outlet.end())
      await this.streams.source.run(interest, beginning, outlet, vector)
    } finally {
      release.done()
    }
  }
}
