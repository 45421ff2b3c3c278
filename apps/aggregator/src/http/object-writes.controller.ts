import { Body, Controller, Delete, HttpCode, Param, Put, Req } from '@nestjs/common'
import { ApiBody, ApiOperation, ApiTags } from '@nestjs/swagger'
import { parseTime } from '@quorate/contracts'
import { type Answer, callOf, invalid, isReason, REASON_RULE, Requires } from '@quorate/http'
import { Owners } from '@quorate/routing'
import type { RunningTask } from '@quorate/streams'
import type { FastifyRequest } from 'fastify'
import { type Operator, type OverrideWanted, type WriteOptions, Writes } from '../queries/writes'
import { OverrideBody, StateBody } from './dto/override'
import { parseTags } from '../queries/entity-tag'
import { ApiConditional, ApiObject, ApiOnce, ApiProblems, ApiRead, ApiReason, ApiWait, VIEW } from './openapi'
import { objectIdOf, one, queryOf, requestKeyOf } from './request-parts'
import { DEFAULT_WAIT, parseWait } from '../queries/waiting'

/** Objects, changed by operators: each change is a record in the log, and the answer is what came of it. */
@ApiTags('objects')
@Controller('v1/objects')
export class ObjectWritesController {
  constructor(
    private readonly owners: Owners,
    private readonly writes: Writes,
  ) {}

  @Put(':object/override')
  @HttpCode(200)
  @Requires('operator')
  @ApiOperation({ operationId: 'setOverride', summary: 'Set a state above the vote, for a time and with a reason.' })
  @ApiObject()
  @ApiConditional()
  @ApiOnce()
  @ApiWait('5s', '202 and the position at once with 0.')
  @ApiBody({ type: OverrideBody })
  @ApiRead(VIEW, 'The object as it is once the override was applied.', 'object')
  @ApiProblems(202, 204, 400, 403, 409, 412, 422, 428, 503, 504)
  async setOverride(
    @Param('object') object: string,
    @Body() body: OverrideBody,
    @Req() request: FastifyRequest,
  ): Promise<Answer> {
    return this.#override(objectIdOf(object), body, request)
  }

  @Delete(':object/override')
  @HttpCode(200)
  @Requires('operator')
  @ApiOperation({ operationId: 'clearOverride', summary: 'Let the vote decide again.' })
  @ApiObject()
  @ApiConditional()
  @ApiReason()
  @ApiWait('5s', '202 and the position at once with 0.')
  @ApiRead(VIEW, 'The object as it is without the override.', 'object')
  @ApiProblems(202, 204, 400, 403, 404, 412, 422, 428, 503, 504)
  async clearOverride(@Param('object') object: string, @Req() request: FastifyRequest): Promise<Answer> {
    const id = objectIdOf(object)
    const { operator, ...options } = endOptionsOf(request)
    return this.#at(id, request, options, (task) => this.writes.clearOverride(task, id, operator, options))
  }

  @Put(':object')
  @HttpCode(200)
  @Requires('operator')
  @ApiOperation({
    operationId: 'setObject',
    summary: 'Set the state of an object.',
    description: 'Shorthand for an override; without an end it lasts as long as the policy permits.',
  })
  @ApiObject()
  @ApiConditional()
  @ApiOnce()
  @ApiWait('5s', '202 and the position at once with 0.')
  @ApiBody({ type: StateBody })
  @ApiRead(VIEW, 'The object as it is once the state was set.', 'object')
  @ApiProblems(202, 204, 400, 403, 409, 412, 422, 428, 503, 504)
  async set(@Param('object') object: string, @Body() body: StateBody, @Req() request: FastifyRequest): Promise<Answer> {
    return this.#override(objectIdOf(object), body, request)
  }

  @Delete(':object')
  @HttpCode(204)
  @Requires('operator')
  @ApiOperation({ operationId: 'deleteObject', summary: 'Forget an object: its reports, its override, its history.' })
  @ApiObject()
  @ApiConditional()
  @ApiReason()
  @ApiWait('5s', '202 and the position at once with 0.')
  @ApiProblems(202, 204, 400, 403, 404, 412, 422, 428, 503, 504)
  async delete(@Param('object') object: string, @Req() request: FastifyRequest): Promise<Answer> {
    const id = objectIdOf(object)
    const { operator, ...options } = endOptionsOf(request)
    return this.#at(id, request, options, (task) => this.writes.delete(task, id, operator, options))
  }

  async #override(id: string, body: OverrideBody | StateBody, request: FastifyRequest): Promise<Answer> {
    const options = { ...writeOptionsOf(request), request: requestKeyOf(request) }
    const expiresAt = parseTime(body.expiresAt)
    const wanted: OverrideWanted = {
      state: body.state,
      reason: body.reason,
      author: request.principal!.name,
      mode: ('mode' in body ? body.mode : null) ?? 'pin',
      ...(expiresAt === undefined ? {} : { expiresAt }),
    }
    return this.#at(id, request, options, (task) => this.writes.setOverride(task, id, wanted, options))
  }

  async #at(
    id: string,
    request: FastifyRequest,
    { waitMs = DEFAULT_WAIT }: WriteOptions,
    local: (task: RunningTask) => Promise<Answer>,
  ): Promise<Answer> {
    return this.owners.answer(this.owners.partitionOf(id), callOf(request), local, { waitMs })
  }
}

/** What a write of an object asks for: which state of it was seen, and how long to wait. @throws Problem */
const writeOptionsOf = (request: FastifyRequest): WriteOptions => guardOf(request, queryOf(request, ['wait']).wait)

/** The same for an end, which may have a reason. @throws Problem */
function endOptionsOf(request: FastifyRequest): WriteOptions & { readonly operator: Operator } {
  const { wait, reason } = queryOf(request, ['wait', 'reason'])
  if (reason !== undefined && !isReason(reason)) throw invalid([{ pointer: '/query/reason', detail: REASON_RULE }])
  const author = request.principal!.name
  return { ...guardOf(request, wait), operator: reason === undefined ? { author } : { reason, author } }
}

function guardOf(request: FastifyRequest, wait: string | undefined): WriteOptions {
  return { ifMatch: parseTags('If-Match', one(request, 'if-match')), waitMs: parseWait(wait) }
}
