import { Body, Controller, Delete, Get, HttpCode, Param, Put, Req } from '@nestjs/common'
import { ApiBody, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger'
import { type Answer, Requires } from '@quorate/http'
import type { FastifyRequest } from 'fastify'
import { DryRuns } from '../queries/dry-runs'
import { policyOf, BroadcastSettings } from '../queries/broadcast-settings'
import { BroadcastRequests } from './broadcast-requests'
import {
  ApiBound,
  ApiDryRun,
  ApiOnce,
  ApiProblems,
  ApiRead,
  ApiWait,
  ApiWritten,
  POLICIES,
  POLICY,
  POLICY_ANSWER,
  POLICY_BODY,
} from './openapi'

/** Policies: broadcast to every partition of the log, each applies them at a definite place. */
@ApiTags('policies')
@Controller('v1/policies')
export class PoliciesController {
  constructor(
    private readonly requests: BroadcastRequests,
    private readonly settings: BroadcastSettings,
    private readonly dryRuns: DryRuns,
  ) {}

  @Get()
  @ApiBound()
  @ApiOperation({
    operationId: 'listPolicies',
    summary: 'All policies, in the order in which they are tried; the built-in default last.',
  })
  @ApiRead(POLICIES, 'The policies.', 'freshness')
  @ApiProblems(400, 422, 503, 504)
  list(@Req() request: FastifyRequest): Promise<Answer> {
    return this.requests.read(request, (task, options) => this.settings.policies(task, options))
  }

  @Get(':name')
  @ApiBound()
  @ApiOperation({ operationId: 'getPolicy', summary: 'A policy, with its defaults filled in.' })
  @ApiParam({ name: 'name', schema: { type: 'string' }, description: 'Name of the policy.' })
  @ApiRead(POLICY, 'The policy.', 'freshness')
  @ApiProblems(400, 404, 422, 503, 504)
  get(@Param('name') name: string, @Req() request: FastifyRequest): Promise<Answer> {
    return this.requests.read(request, (task, options) => this.settings.policy(task, name, options))
  }

  @Put(':name')
  @HttpCode(200)
  @Requires('admin')
  @ApiOperation({ operationId: 'putPolicy', summary: 'Put a policy in force, or replace it.' })
  @ApiParam({ name: 'name', schema: { type: 'string' }, description: 'Name of the policy.' })
  @ApiWait('5s', '202 and the positions at once with 0.')
  @ApiDryRun()
  @ApiOnce()
  @ApiBody({ schema: POLICY_BODY as never })
  @ApiRead(POLICY_ANSWER, 'The policy as it is in force; of a dry run, what it would change.', 'policy')
  @ApiWritten()
  @ApiProblems(400, 403, 409, 422, 503, 504)
  put(@Param('name') name: string, @Body() body: unknown, @Req() request: FastifyRequest): Promise<Answer> {
    return this.requests.put(request, {
      write: (task, waitMs, key) => this.settings.putPolicy(task, name, body, waitMs, key),
      dryRun: (call, partitions) => this.dryRuns.policy(policyOf(name, body), call, partitions),
    })
  }

  @Delete(':name')
  @HttpCode(204)
  @Requires('admin')
  @ApiOperation({ operationId: 'deletePolicy', summary: 'Take a policy out of force.' })
  @ApiParam({ name: 'name', schema: { type: 'string' }, description: 'Name of the policy.' })
  @ApiWait('5s', '202 and the positions at once with 0.')
  @ApiWritten()
  @ApiProblems(204, 403, 404, 409, 422, 503, 504)
  delete(@Param('name') name: string, @Req() request: FastifyRequest): Promise<Answer> {
    return this.requests.delete(request, (task, waitMs) => this.settings.deletePolicy(task, name, waitMs))
  }
}
