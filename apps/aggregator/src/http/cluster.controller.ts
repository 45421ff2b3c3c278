import { Controller, Get, Req } from '@nestjs/common'
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger'
import type { ClusterAnswer } from '@quorate/contracts'
import { callOf } from '@quorate/http'
import type { FastifyRequest } from 'fastify'
import { Cluster } from '../queries/cluster'
import type { MemberReport } from '../queries/member-report'
import { ApiProblems, CLUSTER } from './openapi'

@ApiTags('cluster')
@Controller('v1/cluster')
export class ClusterController {
  constructor(private readonly cluster: Cluster) {}

  @Get()
  @ApiOperation({
    operationId: 'getCluster',
    summary: 'Who owns which partition, who stands by, how far each is, and whether the members can be reached.',
  })
  @ApiOkResponse({ description: 'The cluster as this instance sees it.', schema: CLUSTER })
  @ApiProblems(403)
  async get(@Req() request: FastifyRequest): Promise<ClusterAnswer | MemberReport> {
    return request.forwarded ? this.cluster.member() : this.cluster.report(callOf(request))
  }
}
