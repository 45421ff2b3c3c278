import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Query, Req } from '@nestjs/common'
import {
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiQuery,
  ApiResponse,
  ApiTags,
} from '@nestjs/swagger'
import { type Answer, callOf, invalid, json, Requires } from '@quorate/http'
import type { FastifyRequest } from 'fastify'
import { randomUUID } from 'node:crypto'
import type { Entry, SilenceDocument } from '../configuration'
import { Notifier } from '../notifier'
import { Configuring } from './configuring'
import { SILENCE_PREVIEW, SILENCE, SILENCES } from './schemas'
import { SilenceBody } from './silence-body'
import { SilencePreviews } from '../queries/silence-previews'

/** Silences that ended so long ago are taken away when another is written, ms. */
const RETENTION_MS = 30 * 86_400_000
const ApiPreview = () =>
  ApiQuery({ name: 'preview', required: false, schema: { type: 'string', enum: ['', 'true', 'false'] }, description: 'Writes nothing; answers the objects that it would be over now.' }) // prettier-ignore

/** Silences: who wants to hear nothing of what, from when to when, and why. */
@ApiTags('notifier')
@Controller('v1/silences')
export class SilencesController {
  constructor(
    private readonly configuring: Configuring,
    private readonly previews: SilencePreviews,
    private readonly notifier: Notifier,
  ) {}

  @Get()
  @ApiOperation({ operationId: 'listSilences', summary: 'All silences, those that have ended included.' })
  @ApiOkResponse({ description: 'The silences.', schema: SILENCES })
  list() {
    const items = [...this.#silences].map(([id, silence]) => this.#shown(id, silence))
    return { items, leftOut: this.configuring.leftOut('silences') }
  }

  @Get(':id')
  @ApiParam({ name: 'id', description: 'Id of the silence.' })
  @ApiOperation({ operationId: 'getSilence', summary: 'A silence.' })
  @ApiOkResponse({ description: 'The silence.', schema: SILENCE })
  @ApiResponse({ status: 404, description: 'No such silence.' })
  get(@Param('id') id: string) {
    const silence = this.#silences.get(id)
    if (!silence) throw this.configuring.absent('silences', id)
    return this.#shown(id, silence)
  }

  @Post()
  @Requires('operator')
  @ApiPreview()
  @ApiOperation({ operationId: 'addSilence', summary: 'Silence; with ?preview only say what it would be over.' })
  @ApiResponse({ status: 201, description: 'The silence.', schema: SILENCE })
  @ApiResponse({ status: 200, description: 'Of a preview: the objects.', schema: SILENCE_PREVIEW })
  @ApiResponse({ status: 422, description: 'The silence breaks the contract.' })
  async add(
    @Body() body: SilenceBody,
    @Query('preview') preview: string | undefined,
    @Req() request: FastifyRequest,
  ): Promise<Answer> {
    this.#refusePast(body)
    const id = randomUUID()
    if (previewed(preview)) return this.#preview(id, body, request)
    await this.configuring.put('silences', id, { ...body }, this.#expired())
    return json(201, JSON.stringify(this.get(id)), { location: `/v1/silences/${id}` })
  }

  @Put(':id')
  @ApiParam({ name: 'id', description: 'Id of the silence.' })
  @Requires('operator')
  @ApiPreview()
  @ApiOperation({
    operationId: 'putSilence',
    summary: 'Change a silence; what it held back and holds no more is told.',
  })
  @ApiOkResponse({
    description: 'The silence; of a preview the objects.',
    schema: { anyOf: [SILENCE, SILENCE_PREVIEW] },
  })
  @ApiResponse({ status: 422, description: 'The silence breaks the contract.' })
  async put(
    @Param('id') id: string,
    @Body() body: SilenceBody,
    @Query('preview') preview: string | undefined,
    @Req() request: FastifyRequest,
  ) {
    // One that is there may be moved into the past: that ends it.
    if (!this.#silences.get(id)) this.#refusePast(body)
    if (previewed(preview)) return this.#preview(id, body, request)
    await this.configuring.put('silences', id, { ...body })
    return this.get(id)
  }

  @Delete(':id')
  @ApiParam({ name: 'id', description: 'Id of the silence.' })
  @HttpCode(204)
  @Requires('operator')
  @ApiOperation({
    operationId: 'deleteSilence',
    summary:
      'End a silence; what it held back is told. One that is active is listed as ended for 30 days; any other is taken away.',
  })
  @ApiNoContentResponse({ description: 'It has ended, or is gone.' })
  @ApiResponse({ status: 404, description: 'No such silence.' })
  delete(@Param('id') id: string): Promise<void> {
    const silence = this.#silences.get(id)
    if (!silence || this.#shown(id, silence).status !== 'active') return this.configuring.delete('silences', id)
    const endsAt = Math.max(this.notifier.now(), Date.parse(silence.startsAt) + 1)
    return this.configuring.put('silences', id, { ...silence, endsAt: new Date(endsAt).toISOString() })
  }

  /** @throws Problem 422 */
  #refusePast({ endsAt }: SilenceBody): void {
    if (Date.parse(endsAt) > this.notifier.now()) return
    const detail = 'must be in the future: a silence wholly in the past holds nothing back'
    throw invalid([{ pointer: '/endsAt', detail }], 'the silence')
  }

  get #silences(): ReadonlyMap<string, SilenceDocument> {
    return this.configuring.configuration.document.silences
  }

  async #preview(id: string, body: SilenceBody, request: FastifyRequest): Promise<Answer> {
    this.configuring.judge('silences', id, { ...body })
    return json(200, JSON.stringify(await this.previews.of(body, callOf(request))))
  }

  #shown(id: string, { match, startsAt, endsAt, author, comment }: SilenceDocument) {
    const [from, to] = [Date.parse(startsAt), Date.parse(endsAt)]
    const now = this.notifier.now()
    const status = now < from ? 'pending' : now < to ? 'active' : 'ended'
    const times = { startsAt: new Date(from).toISOString(), endsAt: new Date(to).toISOString() }
    return { id, match, ...times, author, comment, status }
  }

  #expired(): Entry[] {
    const before = this.notifier.now() - RETENTION_MS
    return [...this.#silences]
      .filter(([, { endsAt }]) => Date.parse(endsAt) < before)
      .map(([name]) => ({ table: 'silences', name, value: undefined }))
  }
}

function previewed(preview: string | undefined): boolean {
  if (preview !== undefined && !['', 'true', 'false'].includes(preview))
    throw invalid([{ pointer: '/query/preview', detail: 'must be true or false' }], 'the query')
  return preview === '' || preview === 'true'
}
