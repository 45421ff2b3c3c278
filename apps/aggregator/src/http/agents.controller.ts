import { Body, Controller, Delete, Get, HttpCode, Param, Put, Req } from '@nestjs/common'
import { ApiBody, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger'
import { type Answer, Requires } from '@quorate/http'
import type { FastifyRequest } from 'fastify'
import { DryRuns } from '../queries/dry-runs'
import { BroadcastSettings } from '../queries/broadcast-settings'
import { BroadcastRequests } from './broadcast-requests'
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
import { agentIdOf } from './request-parts'

/** Settings of agents: broadcast as policies are. */
@ApiTags('agents')
@Controller('v1/agents')
export class AgentsController {
  constructor(
    private readonly requests: BroadcastRequests,
    private readonly settings: BroadcastSettings,
    private readonly dryRuns: DryRuns,
  ) {}

  @Get()
  @ApiBound()
  @ApiOperation({ operationId: 'listAgents', summary: 'Agents with settings; all others weigh 1 and are not muted.' })
  @ApiRead(AGENTS, 'The settings.', 'freshness')
  @ApiProblems(400, 422, 503, 504)
  list(@Req() request: FastifyRequest): Promise<Answer> {
    return this.requests.read(request, (task, options) => this.settings.agents(task, options))
  }

  @Get(':agent')
  @ApiBound()
  @ApiOperation({ operationId: 'getAgent', summary: 'Settings of an agent.' })
  @ApiParam({ name: 'agent', schema: { type: 'string' }, description: 'Agent id, percent-encoded as one segment.' })
  @ApiRead(AGENT, 'The settings.', 'freshness')
  @ApiProblems(400, 404, 422, 503, 504)
  async get(@Param('agent') agent: string, @Req() request: FastifyRequest): Promise<Answer> {
    const id = agentIdOf(agent)
    return this.requests.read(request, (task, options) => this.settings.agent(task, id, options))
  }

  @Put(':agent')
  @HttpCode(200)
  @Requires('admin')
  @ApiOperation({ operationId: 'putAgent', summary: "Replace an agent's settings." })
  @ApiParam({ name: 'agent', schema: { type: 'string' }, description: 'Agent id, percent-encoded as one segment.' })
  @ApiWait('5s', '202 and the positions at once with 0.')
  @ApiDryRun()
  @ApiOnce()
  @ApiBody({ type: AgentBody })
  @ApiRead(AGENT_ANSWER, 'The settings; of a dry run, what they would change.', 'policy')
  @ApiWritten()
  @ApiProblems(400, 403, 409, 422, 503, 504)
  async put(@Param('agent') agent: string, @Body() body: AgentBody, @Req() request: FastifyRequest): Promise<Answer> {
    const settings = { agent: agentIdOf(agent), weight: body.weight ?? 1, muted: body.muted ?? false }
    return this.requests.put(request, {
      write: (task, waitMs, key) => this.settings.putAgent(task, settings, waitMs, key),
      dryRun: (call, partitions) => this.dryRuns.agent(settings, call, partitions),
    })
  }

  @Delete(':agent')
  @HttpCode(204)
  @Requires('admin')
  @ApiOperation({ operationId: 'deleteAgent', summary: 'Remove an agent: its settings, and its reports everywhere.' })
  @ApiParam({ name: 'agent', schema: { type: 'string' }, description: 'Agent id, percent-encoded as one segment.' })
  @ApiWait('5s', '202 and the positions at once with 0.')
  @ApiWritten()
  @ApiProblems(204, 403, 422, 503, 504)
  async delete(@Param('agent') agent: string, @Req() request: FastifyRequest): Promise<Answer> {
    const id = agentIdOf(agent)
    return this.requests.delete(request, (task, waitMs) => this.settings.removeAgent(task, id, waitMs))
  }
}
