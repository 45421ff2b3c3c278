import { Body, Controller, HttpCode, Param, Post, Req } from '@nestjs/common'
import { ApiOperation, ApiParam, ApiResponse, ApiTags } from '@nestjs/swagger'
import {
  type Answer,
  callOf,
  partitionNumberOf,
  type Reference,
  Requires,
  SkipBody,
  skipOf,
  SourceBody,
} from '@quorate/http'
import { PartitionOperations } from '@quorate/routing'
import type { FastifyRequest } from 'fastify'
import { ACKNOWLEDGED, ApiProblems, SKIP_NOTED, SKIPPED, SOURCE_NOTED } from './openapi'
import { queryOf } from './request-parts'

const ApiPartition = () =>
  ApiParam({ name: 'partition', schema: { type: 'integer', minimum: 0 }, description: 'Number of the partition.' })
const ApiNoted = (schema: Reference) =>
  ApiResponse({
    status: 202,
    description: 'It is written down, and the partition does it when it comes to it.',
    content: { 'application/json': { schema } },
  })

/** The operator's last resort for partitions that do not get on. */
@ApiTags('cluster')
@Controller('v1/partitions/:partition')
export class PartitionsController {
  constructor(private readonly operations: PartitionOperations) {}

  @Post('skip')
  @HttpCode(200)
  @Requires('operator')
  @ApiOperation({
    operationId: 'skipRecord',
    summary: 'Leave a record out that the partition does not get past.',
    description:
      'It becomes one dead letter of the kind `skipped` and does nothing else. Works while the partition is stuck, and outlasts restarts. 409: applied already, or beyond the end.',
  })
  @ApiPartition()
  @ApiResponse({ status: 200, description: 'It is skipped.', content: { 'application/json': { schema: SKIPPED } } })
  @ApiNoted(SKIP_NOTED)
  @ApiProblems(400, 403, 404, 409, 422, 503)
  async skip(
    @Param('partition') partition: string,
    @Body() body: SkipBody,
    @Req() request: FastifyRequest,
  ): Promise<Answer> {
    queryOf(request, [])
    return this.operations.skip(skipOf(partition, body, request.principal!.name))
  }

  @Post('acknowledge-source')
  @HttpCode(200)
  @Requires('operator')
  @ApiOperation({
    operationId: 'acknowledgeSource',
    summary: 'Go on with the source as it is now, though it is another log than was applied.',
    description:
      'For STREAMS_SOURCE_REPLACED and STREAMS_SOURCE_TRUNCATED. What had been applied stays; what the source holds now is applied. 409: the partition does not wait for that.',
  })
  @ApiPartition()
  @ApiResponse({
    status: 200,
    description: 'The partition goes on.',
    content: { 'application/json': { schema: ACKNOWLEDGED } },
  })
  @ApiNoted(SOURCE_NOTED)
  @ApiProblems(400, 403, 404, 409, 422, 503)
  async acknowledge(
    @Param('partition') partition: string,
    @Body() body: SourceBody,
    @Req() request: FastifyRequest,
  ): Promise<Answer> {
    queryOf(request, [])
    return this.operations.acknowledge(partitionNumberOf(partition), body.topic ?? undefined, callOf(request))
  }
}
