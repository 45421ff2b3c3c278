import { Body, Controller, Delete, HttpCode, Param, Post, Put, Req } from '@nestjs/common'
import { RouteConfig } from '@nestjs/platform-fastify'
import { ApiBody, ApiConsumes, ApiOperation, ApiTags } from '@nestjs/swagger'
import { encodeSource, type SourceCommand } from '@quorate/contracts'
import { type Answer, callOf, json, Problem, Requires, withinTime } from '@quorate/http'
import { Owners } from '@quorate/routing'
import type { FastifyRequest } from 'fastify'
import type { Hash } from 'node:crypto'
import type { Readable } from 'node:stream'
import { formatPositions } from '../queries/positions'
import { DEFAULT_WAIT, parseWait } from '../queries/waiting'
import { accepted, Writes } from '../queries/writes'
import { IdempotentAnswers } from '../requests/idempotent-answers'
import { Intake } from './bulk/intake'
import { ArraySplitter, LineSplitter } from './bulk/items'
import { ReportBody, reportOf } from './dto/report'
import {
  ApiObject,
  ApiOnce,
  ApiProblems,
  ApiRead,
  ApiWait,
  ApiWritten,
  BULK_ANSWER,
  BULK_REPORT,
  VIEW,
} from './openapi'
import {
  agentIdOf,
  fingerprinting,
  fingerprintOf,
  idempotencyKeyOf,
  objectIdOf,
  queryOf,
  requestKeyOf,
} from './request-parts'

/** Reports by HTTP: the same records that agents write to the log themselves. Any instance takes them. */
@ApiTags('reports')
@Controller('v1')
export class ReportsController {
  constructor(
    private readonly owners: Owners,
    private readonly writes: Writes,
    private readonly answers: IdempotentAnswers,
  ) {}

  @Put('objects/:object/reports/:agent')
  @HttpCode(202)
  @Requires('reporter')
  @ApiOperation({ operationId: 'putReport', summary: "An agent's latest claim about an object." })
  @ApiObject('agent')
  @ApiOnce()
  @ApiWait('0', 'With it the answer is 200 and the object once the report was applied.')
  @ApiBody({ type: ReportBody })
  @ApiWritten()
  @ApiRead(VIEW, 'With ?wait: the object once the report was applied.', 'object')
  @ApiProblems(204, 400, 403, 409, 422, 503, 504)
  async put(
    @Param('object') object: string,
    @Param('agent') agent: string,
    @Body() body: ReportBody,
    @Req() request: FastifyRequest,
  ): Promise<Answer> {
    const id = objectIdOf(object)
    return this.#write({ type: 'report', object: id, data: reportOf(agentIdOf(agent), body) }, id, request)
  }

  @Delete('objects/:object/reports/:agent')
  @HttpCode(202)
  @Requires('operator')
  @ApiOperation({ operationId: 'removeReport', summary: "Take an agent's report away, as an operator." })
  @ApiObject('agent')
  @ApiWait(
    '0',
    'With it the answer is 200 and the object once the report was taken away, or 204 when nothing is left of it.',
  )
  @ApiWritten()
  @ApiRead(VIEW, 'With ?wait: the object without the report.', 'object')
  @ApiProblems(204, 400, 403, 422, 503, 504)
  async remove(
    @Param('object') object: string,
    @Param('agent') agent: string,
    @Req() request: FastifyRequest,
  ): Promise<Answer> {
    const id = objectIdOf(object)
    return this.#write({ type: 'report-removed', object: id, data: { agent: agentIdOf(agent) } }, id, request)
  }

  @Post('reports')
  @HttpCode(202)
  @Requires('reporter')
  @RouteConfig({ streamed: true })
  @ApiOperation({
    operationId: 'postReports',
    summary:
      'Many reports in one body, of any size: a JSON array, or NDJSON. Good ones are appended, the others named.',
  })
  @ApiOnce()
  @ApiConsumes('application/json', 'application/x-ndjson')
  @ApiBody({ schema: { type: 'array', items: BULK_REPORT } as never })
  @ApiWritten(BULK_ANSWER)
  @ApiProblems(400, 403, 409, 422, 503, 504)
  async bulk(@Body() body: unknown, @Req() request: FastifyRequest): Promise<Answer> {
    queryOf(request, [])
    if (body === undefined || body === null)
      throw new Problem(
        'malformed',
        'Nothing was written: there is no body. Send a JSON array, or NDJSON with the content type application/x-ndjson.',
      )
    const lines = request.headers['content-type']?.startsWith('application/x-ndjson')
    this.owners.partitionOf('')
    const stream = body as Readable
    const answer = await this.#bulk(stream, lines === true, request)
    // A body that was refused half way is sent all the same.
    stream.resume()
    return answer
  }

  async #bulk(body: Readable, lines: boolean, request: FastifyRequest): Promise<Answer> {
    const key = idempotencyKeyOf(request)
    if (key === undefined) return this.#taken(body, lines)
    const hash = fingerprinting(request)
    return this.answers.onceStreamed(
      key,
      async () => {
        for await (const chunk of withinTime(body)) hash.update(chunk)
        return fingerprintOf(hash)
      },
      async () => ({ answer: await this.#taken(body, lines, hash), fingerprint: fingerprintOf(hash) }),
    )
  }

  async #taken(body: Readable, lines: boolean, hash?: Hash): Promise<Answer> {
    const intake = new Intake((records) => this.owners.streams.append(records), { hash })
    const taken = await intake.take(body, lines ? new LineSplitter() : new ArraySplitter())
    const position = formatPositions(taken.positions)
    const { accepted, rejected, unlisted } = taken
    return json(202, JSON.stringify({ accepted, rejected, ...(unlisted > 0 ? { unlisted } : {}), position }), {
      'quorate-position': position,
    })
  }

  /** Unless it is waited for, nobody but the log has to be reached. */
  async #write(command: SourceCommand, id: string, request: FastifyRequest): Promise<Answer> {
    const waitMs = parseWait(queryOf(request, ['wait']).wait) ?? 0
    const partition = this.owners.partitionOf(id)
    const key = request.method === 'PUT' ? requestKeyOf(request) : undefined
    if (waitMs === 0 && !key) return accepted(await this.owners.streams.append([encodeSource(command)]))
    const options = { waitMs, request: key }
    return this.owners.answer(partition, callOf(request), (task) => this.writes.report(task, id, command, options), {
      waitMs: waitMs || DEFAULT_WAIT,
    })
  }
}
