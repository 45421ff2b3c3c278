import { Controller, Delete, Get, HttpCode, Param, Post, Req } from '@nestjs/common'
import { ApiOkResponse, ApiOperation, ApiParam, ApiQuery, ApiResponse, ApiTags } from '@nestjs/swagger'
import { type Answer, callOf, decodeCursor, encodeCursor, invalid, json, noContent, Requires } from '@quorate/http'
import { Owners } from '@quorate/routing'
import type { FastifyRequest } from 'fastify'
import type { WholeDeadLetter } from '@quorate/contracts'
import { offsetOf } from '@quorate/engine/core'
import { DeadLetters } from '../dead-letters/dead-letters'
import { accepted } from '../queries/writes'
import { IdempotentAnswers } from '../requests/idempotent-answers'
import { LIST } from './list-query'
import { ApiOnce, ApiProblems, ApiWritten, DEAD_LETTER, DEAD_LETTERS } from './openapi'
import { queryOf, requestKeyOf } from './request-parts'

/** Replays and drops are done by the owner of this partition alone, one after the other. */
const SETTLER = 0
/** ms: the settings are read whole, the letter is appended, and that is noted. */
const ANSWER_MS = 30_000

const ApiPosition = () =>
  ApiParam({ name: 'position', schema: { type: 'string' }, description: 'As the list shows it: `0@17`.' })

/** What could not be applied, with its reason. It may hold anything that was sent, so it is the operators' alone. */
@ApiTags('dead letters')
@Controller('v1/dead-letters')
export class DeadLettersController {
  constructor(
    private readonly deadLetters: DeadLetters,
    private readonly answers: IdempotentAnswers,
    private readonly owners: Owners,
  ) {}

  @Get()
  @Requires('operator')
  @ApiOperation({ operationId: 'listDeadLetters', summary: 'Records that could not be applied, the oldest first.' })
  @ApiQuery({
    name: 'limit',
    required: false,
    schema: { type: 'integer', minimum: 1, maximum: LIST.most, default: 100 },
    description: 'Dead letters a page.',
  })
  @ApiQuery({ name: 'cursor', required: false, schema: { type: 'string' }, description: '`next` of the page before.' })
  @ApiQuery({
    name: 'all',
    required: false,
    schema: { type: 'string', enum: ['true', 'false'] },
    description: 'Also those that were replayed or dropped.',
  })
  @ApiOkResponse({ description: 'A page.', schema: DEAD_LETTERS })
  @ApiProblems(400, 403, 422, 503)
  async list(@Req() request: FastifyRequest): Promise<Answer> {
    const { limit: asked, cursor, all } = queryOf(request, ['limit', 'cursor', 'all'])
    const limit = asked === undefined ? LIST.limit : /^\d{1,5}$/.test(asked) ? Number(asked) : NaN
    if (!(limit >= 1 && limit <= LIST.most))
      throw invalid([{ pointer: '/query/limit', detail: `must be an integer from 1 to ${LIST.most}` }], 'the query')
    if (all !== undefined && all !== 'true' && all !== 'false')
      throw invalid([{ pointer: '/query/all', detail: 'must be true or false' }], 'the query')
    const filter = { all: all === 'true' }
    const from = decodeCursor(cursor, filter, (place) => offsetOf(place) !== undefined)
    const { items, next } = await this.deadLetters.list(from === undefined ? 0 : offsetOf(from)!, limit, filter.all)
    const more = next === undefined ? {} : { next: encodeCursor(String(next), filter) }
    return json(200, JSON.stringify({ items, ...more }))
  }

  @Get(':position')
  @Requires('operator')
  @ApiOperation({ operationId: 'getDeadLetter', summary: 'A dead letter with its value and headers.' })
  @ApiPosition()
  @ApiOkResponse({ description: 'All of it.', schema: DEAD_LETTER })
  @ApiProblems(403, 404, 422, 503)
  async get(@Param('position') position: string, @Req() request: FastifyRequest): Promise<WholeDeadLetter> {
    queryOf(request, [])
    return this.deadLetters.get(offsetAt(position))
  }

  @Post(':position/replay')
  @HttpCode(202)
  @Requires('operator')
  @ApiOperation({
    operationId: 'replayDeadLetter',
    summary: 'Append it again to the source, as it was.',
    description: 'Once: what is refused again is a new dead letter.',
  })
  @ApiPosition()
  @ApiOnce()
  @ApiWritten()
  @ApiProblems(403, 404, 409, 422, 503, 504)
  async replay(@Param('position') position: string, @Req() request: FastifyRequest): Promise<Answer> {
    queryOf(request, [])
    const offset = offsetAt(position)
    const replay = async (): Promise<Answer> =>
      accepted([await this.deadLetters.replay(offset, request.principal!.name)])
    return this.#settle(request, () => this.answers.once(requestKeyOf(request), replay))
  }

  @Delete(':position')
  @HttpCode(204)
  @Requires('operator')
  @ApiOperation({ operationId: 'dropDeadLetter', summary: 'Show it no more; the record itself leaves by retention.' })
  @ApiPosition()
  @ApiResponse({ status: 204, description: 'It is dropped.' })
  @ApiProblems(403, 404, 409, 422, 503, 504)
  async drop(@Param('position') position: string, @Req() request: FastifyRequest): Promise<Answer> {
    queryOf(request, [])
    const offset = offsetAt(position)
    return this.#settle(request, async () => {
      await this.deadLetters.drop(offset, request.principal!.name)
      return noContent()
    })
  }

  #settle(request: FastifyRequest, work: () => Promise<Answer>): Promise<Answer> {
    return this.owners.answer(SETTLER, callOf(request), work, { answerMs: ANSWER_MS })
  }
}

function offsetAt(position: string): number {
  const offset = offsetOf(position)
  if (offset === undefined) throw invalid([{ pointer: '/path/position', detail: 'must be a position such as 0@17' }])
  return offset
}
