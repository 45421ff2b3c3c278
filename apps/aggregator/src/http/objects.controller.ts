import { Controller, Get, Inject, Param, Req, Res } from '@nestjs/common'
import { ApiOperation, ApiTags } from '@nestjs/swagger'
import { type Answer, callerOf, encodeCursor, HTTP_LIMITS, json, Places, Problem, send } from '@quorate/http'
import { Owners, type Stale } from '@quorate/routing'
import type { RunningTask } from '@quorate/streams'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { encodePart, type ListQuery, Listing, type Page } from '../queries/listing'
import { Objects } from '../queries/objects'
import { PARTS } from '../queries/places'
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
import { formatPositions } from './positions'
import { objectIdOf, one, staleReadOptionsOf, waitOf } from './request-parts'

/** Objects, read at their owner. */
@ApiTags('objects')
@Controller('v1/objects')
export class ObjectsController {
  readonly #lists = new Places(HTTP_LIMITS.lists)

  constructor(
    @Inject(Owners) private readonly owners: Owners,
    @Inject(Objects) private readonly objects: Objects,
    @Inject(Listing) private readonly listing: Listing,
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
  async list(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const query = listQueryOf(request, this.owners.streams.partitions)
    const parts = request.forwarded ? one(request, PARTS) : undefined
    if (parts !== undefined) {
      send(reply, json(200, encodePart(await this.listing.part(parts.split(',').map(Number), query, request))))
      return
    }
    const { items, more, missing, unreadable, positions, age } = await this.#page(query, request)
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
    send(reply, json(200, body, { 'quorate-position': formatPositions(positions), ...aged }))
  }

  @Get(':object')
  @ApiBound()
  @ApiStale()
  @ApiOperation({ operationId: 'getObject', summary: 'The state of an object, with how it came about.' })
  @ApiObject()
  @ApiRead(VIEW, 'The object.', 'object')
  @ApiProblems(304, 400, 404, 422, 503, 504)
  async get(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    // The busiest route: read from the request itself, since Nest runs its pipes for every decorated parameter.
    const id = objectIdOf((request.params as { object: string }).object)
    const options = staleReadOptionsOf(request, this.owners.streams.partitions)
    await this.#at(id, request, reply, (task) => this.objects.get(task, id, options), waitOf(options), options.stale)
  }

  @Get(':object/explanation')
  @ApiBound()
  @ApiStale()
  @ApiOperation({ operationId: 'explainObject', summary: "Each agent's standing, and what decides." })
  @ApiObject()
  @ApiRead(EXPLANATION, 'The explanation.', 'freshness')
  @ApiProblems(400, 404, 422, 503, 504)
  async explanation(
    @Param('object') object: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const id = objectIdOf(object)
    const options = staleReadOptionsOf(request, this.owners.streams.partitions)
    await this.#at(
      id,
      request,
      reply,
      (task) => this.objects.explanation(task, id, options),
      waitOf(options),
      options.stale,
    )
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
  async history(
    @Param('object') object: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const id = objectIdOf(object)
    const options = staleReadOptionsOf(request, this.owners.streams.partitions)
    await this.#at(
      id,
      request,
      reply,
      (task) => this.objects.history(task, id, options),
      waitOf(options),
      options.stale,
    )
  }

  async #page(query: ListQuery, request: FastifyRequest): Promise<Page> {
    const caller = callerOf(request)
    if (!this.#lists.hasFor(caller))
      throw new Problem(
        'too-many-requests',
        'This instance takes no more lists at once, or no more from you. Try again.',
      )
    this.#lists.take(caller)
    try {
      return await this.listing.page(query, request)
    } finally {
      this.#lists.release(caller)
    }
  }

  async #at(
    id: string,
    request: FastifyRequest,
    reply: FastifyReply,
    local: (task: RunningTask) => Promise<Answer>,
    waitMs: number,
    stale?: Stale,
  ): Promise<void> {
    await this.owners.answer(this.owners.partitionOf(id), request, reply, local, { waitMs, stale })
  }
}
