import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Put, Req, Res } from '@nestjs/common'
import { ApiBody, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger'
import { Requires, send } from '@quorate/http'
import { Owners } from '@quorate/routing'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { DryRuns } from '../queries/dry-runs'
import { PARTS } from '../queries/places'
import { Settings } from '../queries/settings'
import { AgentBody } from './dto/agent'
import {
  AGENT,
  AGENT_ANSWER,
  AGENTS,
  ApiBound,
  ApiDryRun,
  ApiOnce,
  ApiProblems,
  ApiRead,
  ApiWait,
  ApiWritten,
} from './openapi'
import { agentIdOf, isDryRun, one, queryOf, readOptionsOf, requestKeyOf, waitOf } from './request-parts'
import { DEFAULT_WAIT, parseWait } from './waiting'

const BROADCASTER = 0

/** Settings of agents: broadcast as policies are. */
@ApiTags('agents')
@Controller('v1/agents')
export class AgentsController {
  constructor(
    @Inject(Owners) private readonly owners: Owners,
    @Inject(Settings) private readonly settings: Settings,
    @Inject(DryRuns) private readonly dryRuns: DryRuns,
  ) {}

  @Get()
  @ApiBound()
  @ApiOperation({ operationId: 'listAgents', summary: 'Agents with settings; all others weigh 1 and are not muted.' })
  @ApiRead(AGENTS, 'The settings.', 'freshness')
  @ApiProblems(400, 422, 503, 504)
  async list(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const options = readOptionsOf(request, this.owners.streams.partitions)
    await this.owners.answer(BROADCASTER, request, reply, (task) => this.settings.agents(task, options), {
      waitMs: waitOf(options),
    })
  }

  @Get(':agent')
  @ApiBound()
  @ApiOperation({ operationId: 'getAgent', summary: 'Settings of an agent.' })
  @ApiParam({ name: 'agent' })
  @ApiRead(AGENT, 'The settings.', 'freshness')
  @ApiProblems(400, 404, 422, 503, 504)
  async get(@Param('agent') agent: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const id = agentIdOf(agent)
    const options = readOptionsOf(request, this.owners.streams.partitions)
    await this.owners.answer(BROADCASTER, request, reply, (task) => this.settings.agent(task, id, options), {
      waitMs: waitOf(options),
    })
  }

  @Put(':agent')
  @HttpCode(200)
  @Requires('admin')
  @ApiOperation({ operationId: 'putAgent', summary: "Replace an agent's settings." })
  @ApiParam({ name: 'agent' })
  @ApiWait('5s', '202 and the positions at once with 0.')
  @ApiDryRun()
  @ApiOnce()
  @ApiBody({ type: AgentBody })
  @ApiRead(AGENT_ANSWER, 'The settings; of a dry run, what they would change.', 'policy')
  @ApiWritten()
  @ApiProblems(400, 403, 409, 413, 415, 422, 503, 504)
  async put(
    @Param('agent') agent: string,
    @Body() body: AgentBody,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const id = agentIdOf(agent)
    const { wait, dryRun } = queryOf(request, ['wait', 'dryRun'])
    const waitMs = parseWait(wait) ?? DEFAULT_WAIT
    const settings = { agent: id, weight: body.weight ?? 1, muted: body.muted ?? false }
    if (isDryRun(dryRun)) {
      const parts = request.forwarded ? one(request, PARTS) : undefined
      send(reply, await this.dryRuns.agent(settings, request, parts?.split(',').map(Number)))
      return
    }
    await this.owners.answer(
      BROADCASTER,
      request,
      reply,
      (task) => this.settings.putAgent(task, settings, waitMs, requestKeyOf(request)),
      {
        waitMs,
      },
    )
  }

  @Delete(':agent')
  @HttpCode(204)
  @Requires('admin')
  @ApiOperation({ operationId: 'deleteAgent', summary: 'Remove an agent: its settings, and its reports everywhere.' })
  @ApiParam({ name: 'agent' })
  @ApiWait('5s', '202 and the positions at once with 0.')
  @ApiWritten()
  @ApiProblems(204, 403, 422, 503, 504)
  async delete(
    @Param('agent') agent: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const id = agentIdOf(agent)
    const waitMs = parseWait(queryOf(request, ['wait']).wait) ?? DEFAULT_WAIT
    await this.owners.answer(BROADCASTER, request, reply, (task) => this.settings.removeAgent(task, id, waitMs), {
      waitMs,
    })
  }
}
