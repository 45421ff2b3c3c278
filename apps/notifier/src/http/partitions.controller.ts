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
import { ACKNOWLEDGED, SKIP_NOTED, SKIPPED, SOURCE_NOTED } from './schemas'

const ApiPartition = () =>
  ApiParam({ name: 'partition', schema: { type: 'integer', minimum: 0 }, description: 'Number of the partition.' })
const ApiNoted = (schema: Reference) =>
  ApiResponse({
    status: 202,
    description: 'It is recorded. The partition does it when it reaches that point.',
    schema,
  })

/**
 * The operator's last resort for partitions of the notifier. They are not those of the aggregator, which may be behind
 * the same address: hence the path of their own.
 */
@ApiTags('notifier')
@Controller('v1/notifier/partitions/:partition')
export class NotifierPartitionsController {
  constructor(private readonly operations: PartitionOperations) {}

  @Post('skip')
  @HttpCode(200)
  @Requires('operator')
  @ApiOperation({
    operationId: 'skipChange',
    summary: 'Leave a record of the sink out that the notifier does not get past.',
    description:
      'Nobody is notified of it, and it becomes one dead letter of the kind `skipped`. Works while the partition is stuck, and outlasts restarts.',
  })
  @ApiPartition()
  @ApiResponse({ status: 200, description: 'It is skipped.', schema: SKIPPED })
  @ApiNoted(SKIP_NOTED)
  @ApiResponse({ status: 404, description: 'No such partition.' })
  @ApiResponse({ status: 409, description: 'The record has been applied already, or is beyond the end.' })
  @ApiResponse({ status: 422, description: 'The body breaks the contract.' })
  skip(@Param('partition') partition: string, @Body() body: SkipBody, @Req() request: FastifyRequest): Promise<Answer> {
    return this.operations.skip(skipOf(partition, body, request.principal!.name))
  }

  @Post('acknowledge-source')
  @HttpCode(200)
  @Requires('operator')
  @ApiOperation({
    operationId: 'acknowledgeSink',
    summary: 'Continue with the sink as it is now, though it is another log than was applied.',
    description:
      'For STREAMS_SOURCE_REPLACED and STREAMS_SOURCE_TRUNCATED. What was applied stays; what the sink holds now is applied.',
  })
  @ApiPartition()
  @ApiResponse({ status: 200, description: 'The partition continues.', schema: ACKNOWLEDGED })
  @ApiNoted(SOURCE_NOTED)
  @ApiResponse({ status: 404, description: 'No such partition.' })
  @ApiResponse({ status: 409, description: 'The partition does not wait for that.' })
  @ApiResponse({ status: 422, description: 'The body breaks the contract, or the topic is another one.' })
  @ApiResponse({ status: 503, description: 'The partition has no owner now.' })
  acknowledge(
    @Param('partition') partition: string,
    @Body() { topic }: SourceBody,
    @Req() request: FastifyRequest,
  ): Promise<Answer> {
    return this.operations.acknowledge(partitionNumberOf(partition), topic ?? undefined, callOf(request))
  }
}
