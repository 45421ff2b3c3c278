import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Put, Req, Res } from '@nestjs/common'
import { ApiBody, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger'
import { Requires, send } from '@quorate/http'
import { Owners } from '@quorate/routing'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { DryRuns } from '../queries/dry-runs'
import { PARTS } from '../queries/places'
import { policyOf, Settings } from '../queries/settings'
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
import { isDryRun, one, queryOf, readOptionsOf, requestKeyOf, waitOf } from './request-parts'
import { DEFAULT_WAIT, parseWait } from './waiting'

/** Writes settings by way of the owner of this partition, which alone appends to all of them at once. */
const BROADCASTER = 0

/** Policies: broadcast to every partition of the log, each applies them at a definite place. */
@ApiTags('policies')
@Controller('v1/policies')
export class PoliciesController {
  constructor(
    @Inject(Owners) private readonly owners: Owners,
    @Inject(Settings) private readonly settings: Settings,
    @Inject(DryRuns) private readonly dryRuns: DryRuns,
  ) {}

  @Get()
  @ApiBound()
  @ApiOperation({
    operationId: 'listPolicies',
    summary: 'All policies, in the order in which they are tried; the built-in default last.',
  })
  @ApiRead(POLICIES, 'The policies.', 'freshness')
  @ApiProblems(400, 422, 503, 504)
  async list(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const options = readOptionsOf(request, this.owners.streams.partitions)
    await this.owners.answer(BROADCASTER, request, reply, (task) => this.settings.policies(task, options), {
      waitMs: waitOf(options),
    })
  }

  @Get(':name')
  @ApiBound()
  @ApiOperation({ operationId: 'getPolicy', summary: 'A policy, with its defaults filled in.' })
  @ApiParam({ name: 'name' })
  @ApiRead(POLICY, 'The policy.', 'freshness')
  @ApiProblems(400, 404, 422, 503, 504)
  async get(@Param('name') name: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const options = readOptionsOf(request, this.owners.streams.partitions)
    await this.owners.answer(BROADCASTER, request, reply, (task) => this.settings.policy(task, name, options), {
      waitMs: waitOf(options),
    })
  }

  @Put(':name')
  @HttpCode(200)
  @Requires('admin')
  @ApiOperation({ operationId: 'putPolicy', summary: 'Put a policy in force, or replace it.' })
  @ApiParam({ name: 'name' })
  @ApiWait('5s', '202 and the positions at once with 0.')
  @ApiDryRun()
  @ApiOnce()
  @ApiBody({ schema: POLICY_BODY as never })
  @ApiRead(POLICY_ANSWER, 'The policy as it is in force; of a dry run, what it would change.', 'policy')
  @ApiWritten()
  @ApiProblems(400, 403, 409, 413, 415, 422, 503, 504)
  async put(
    @Param('name') name: string,
    @Body() body: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { wait, dryRun } = queryOf(request, ['wait', 'dryRun'])
    const waitMs = parseWait(wait) ?? DEFAULT_WAIT
    if (isDryRun(dryRun)) {
      const parts = request.forwarded ? one(request, PARTS) : undefined
      send(reply, await this.dryRuns.policy(policyOf(name, body), request, parts?.split(',').map(Number)))
      return
    }
    await this.owners.answer(
      BROADCASTER,
      request,
      reply,
      (task) => this.settings.putPolicy(task, name, body, waitMs, requestKeyOf(request)),
      {
        waitMs,
      },
    )
  }

  @Delete(':name')
  @HttpCode(204)
  @Requires('admin')
  @ApiOperation({ operationId: 'deletePolicy', summary: 'Take a policy out of force.' })
  @ApiParam({ name: 'name' })
  @ApiWait('5s', '202 and the positions at once with 0.')
  @ApiWritten()
  @ApiProblems(204, 403, 404, 409, 422, 503, 504)
  async delete(@Param('name') name: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const waitMs = parseWait(queryOf(request, ['wait']).wait) ?? DEFAULT_WAIT
    await this.owners.answer(BROADCASTER, request, reply, (task) => this.settings.deletePolicy(task, name, waitMs), {
      waitMs,
    })
  }
}
