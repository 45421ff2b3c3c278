import { Controller, Get, Param, Req } from '@nestjs/common'
import { ApiOperation, ApiTags } from '@nestjs/swagger'
import { type Answer, type Call, callOf, encodeCursor, HTTP_LIMITS, json, Slots, Problem } from '@quorate/http'
import { Owners } from '@quorate/routing'
import type { RunningTask } from '@quorate/streams'
import type { FastifyRequest } from 'fastify'
import { encodePart, type ListQuery, Listing, type ObjectPage } from '../queries/listing'
import { Objects, type ReadOptions } from '../queries/objects'
import { formatPositions } from '../queries/positions'
import { waitOf } from '../queries/waiting'
import { filterOf, listQueryOf } from './list-query'
import {
  ApiBound,
  ApiFiltered,
  ApiObject,
  ApiProblems,
  ApiRead,
  ApiStale,
  EXPLANATION,
  HISTORY,
  LIST_ANSWER,
  VIEW,
} from './openapi'
import { askedPartsOf, objectIdOf, staleReadOptionsOf } from './request-parts'

/** Objects, read at their owner. */
@ApiTags('objects')
@Controller('v1/objects')
export class ObjectsController {
  readonly #lists = new Slots(HTTP_LIMITS.lists)

  constructor(
    private readonly owners: Owners,
    private readonly objects: Objects,
    private readonly listing: Listing,
  ) {}

  @Get()
  @ApiBound()
  @ApiOperation({
    operationId: 'listObjects',
    summary: 'Objects of all partitions, in the order of their ids.',
    description: 'A page is complete, or names the partitions that are missing.',
  })
  @ApiFiltered()
  @ApiRead(LIST_ANSWER, 'A page.', 'list')
  @ApiProblems(400, 422, 503, 504)
  async list(@Req() request: FastifyRequest): Promise<Answer> {
    const query = listQueryOf(request, this.owners.streams.partitions)
    const call = callOf(request)
    const parts = askedPartsOf(request)
    if (parts !== undefined) return json(200, encodePart(await this.listing.part(parts, query, call)))
    const { items, more, missing, unreadable, positions, age } = await this.#page(query, call)
    const [lacking] = missing
    if (lacking && query.refusePartial) {
      const code = lacking.reason
      throw new Problem(
        code,
        `Partition ${lacking.partition}${missing.length > 1 ? ` and ${missing.length - 1} more` : ''} cannot answer now (${code}). Try again.`,
      )
    }
    const last = items.at(-1)
    const next = more && last ? `,"next":${JSON.stringify(encodeCursor(last.id, filterOf(query)))}` : ''
    const body = `{"items":[${items.map(({ text }) => text).join(',')}]${next},"complete":${missing.length === 0 && unreadable === undefined},"missing":${JSON.stringify(missing)}${unreadable === undefined ? '' : `,"unreadable":${JSON.stringify(unreadable)}`}}`
    const aged = age === undefined ? {} : { 'quorate-role': 'unconfirmed', 'quorate-age': String(age) }
    return json(200, body, { 'quorate-position': formatPositions(positions), ...aged })
  }

  @Get(':object')
  @ApiBound()
  @ApiStale()
  @ApiOperation({ operationId: 'getObject', summary: 'The state of an object, with how it came about.' })
  @ApiObject()
  @ApiRead(VIEW, 'The object.', 'object')
  @ApiProblems(304, 400, 404, 422, 503, 504)
  async get(@Req() request: FastifyRequest): Promise<Answer> {
    // The busiest route: read from the request itself, since Nest runs its pipes for every decorated parameter.
    const id = objectIdOf((request.params as { object: string }).object)
    const options = staleReadOptionsOf(request, this.owners.streams.partitions)
    return this.#at(id, request, options, (task) => this.objects.get(task, id, options))
  }

  @Get(':object/explanation')
  @ApiBound()
  @ApiStale()
  @ApiOperation({ operationId: 'explainObject', summary: "Each agent's standing, and what decides." })
  @ApiObject()
  @ApiRead(EXPLANATION, 'The explanation.', 'freshness')
  @ApiProblems(400, 404, 422, 503, 504)
  async explanation(@Param('object') object: string, @Req() request: FastifyRequest): Promise<Answer> {
    const id = objectIdOf(object)
    const options = staleReadOptionsOf(request, this.owners.streams.partitions)
    return this.#at(id, request, options, (task) => this.objects.explanation(task, id, options))
  }

  @Get(':object/history')
  @ApiBound()
  @ApiStale()
  @ApiOperation({
    operationId: 'getHistory',
    summary: 'The last changes, each with its tally and cause, newest first.',
  })
  @ApiObject()
  @ApiRead(HISTORY, 'The history.', 'freshness')
  @ApiProblems(400, 404, 422, 503, 504)
  async history(@Param('object') object: string, @Req() request: FastifyRequest): Promise<Answer> {
    const id = objectIdOf(object)
    const options = staleReadOptionsOf(request, this.owners.streams.partitions)
    return this.#at(id, request, options, (task) => this.objects.history(task, id, options))
  }

  async #page(query: ListQuery, call: Call): Promise<ObjectPage> {
    const { caller } = call
    if (!this.#lists.hasFor(caller))
      throw new Problem(
        'too-many-requests',
        'This instance takes no more lists at once, or no more from you. Try again.',
      )
    this.#lists.take(caller)
    try {
      return await this.listing.page(query, call)
    } finally {
      this.#lists.release(caller)
    }
  }

  async #at(
    id: string,
    request: FastifyRequest,
    options: ReadOptions,
    local: (task: RunningTask) => Promise<Answer>,
  ): Promise<Answer> {
    const { stale } = options
    return this.owners.answer(this.owners.partitionOf(id), callOf(request), local, { waitMs: waitOf(options), stale })
  }
}
