import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Req } from '@nestjs/common'
import {
  ApiBody,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiResponse,
  ApiTags,
} from '@nestjs/swagger'
import { Requires } from '@quorate/http'
import type { FastifyRequest } from 'fastify'
import { Notifier } from '../notifier'
import { timeOrNull } from '../queries/delivery-wire'
import { Configuring, missing } from './configuring'
import { RECEIVER, RECEIVER_BODY, RECEIVER_TEST, RECEIVERS } from './schemas'

/** Who is told, and how their endpoints are as this instance sees them. Never a secret. */
@ApiTags('notifier')
@Controller('v1/receivers')
export class ReceiversController {
  constructor(
    private readonly configuring: Configuring,
    private readonly notifier: Notifier,
  ) {}

  @Get()
  @ApiOperation({ operationId: 'listReceivers', summary: 'Who is told; never a secret.' })
  @ApiOkResponse({ description: 'The receivers.', schema: RECEIVERS })
  list() {
    const status = new Map(this.notifier.courier.status().map((endpoint) => [endpoint.name, endpoint]))
    const items = [...this.notifier.directions.receivers.values()].map(({ name, fallback, endpoints }) => ({
      name,
      configured: this.configuring.configuration.document.receivers.has(name),
      fallback: fallback ?? null,
      endpoints: endpoints.map((endpoint) => {
        const { description: settings, waiting, depth, oldest, failingSince, underWay, circuit, refusal } = status.get(endpoint.name)! // prettier-ignore
        const times = { oldest: timeOrNull(oldest), failingSince: timeOrNull(failingSince) }
        return { name: endpoint.name, channel: endpoint.channel, settings, waiting, depth, ...times, underWay, circuit, refusal } // prettier-ignore
      }),
    }))
    return { items, leftOut: this.configuring.leftOut('receivers') }
  }

  @Get(':name')
  @ApiParam({ name: 'name', description: 'Name of the receiver.' })
  @ApiOperation({ operationId: 'getReceiver', summary: 'A receiver; never a secret.' })
  @ApiOkResponse({ description: 'The receiver.', schema: RECEIVER })
  @ApiResponse({ status: 404, description: 'No such receiver.' })
  get(@Param('name') name: string) {
    const found = this.list().items.find((item) => item.name === name)
    if (!found) throw this.configuring.absent('receivers', name)
    const faults = this.configuring.faultsOf('receivers', name)
    return { ...found, ...(faults ? { faults } : {}) }
  }

  @Put(':name')
  @ApiParam({ name: 'name', description: 'Name of the receiver.' })
  @Requires('admin')
  @ApiBody({ schema: RECEIVER_BODY })
  @ApiOperation({
    operationId: 'putReceiver',
    summary: 'Put a receiver in force, or replace it; secrets by reference.',
  })
  @ApiOkResponse({ description: 'The receiver.', schema: RECEIVER })
  @ApiResponse({ status: 422, description: 'The receiver breaks the contract.' })
  async put(@Param('name') name: string, @Body() body: unknown) {
    await this.configuring.put('receivers', name, body)
    await this.notifier.settled(name)
    return this.get(name)
  }

  @Delete(':name')
  @ApiParam({ name: 'name', description: 'Name of the receiver.' })
  @HttpCode(204)
  @Requires('admin')
  @ApiOperation({ operationId: 'deleteReceiver', summary: 'Take a receiver away.' })
  @ApiNoContentResponse({ description: 'It is not there any more.' })
  @ApiResponse({ status: 404, description: 'No such receiver is configured.' })
  @ApiResponse({ status: 409, description: 'A route or a receiver still names it.' })
  delete(@Param('name') name: string): Promise<void> {
    return this.configuring.delete('receivers', name)
  }

  @Post(':name/test')
  @ApiParam({ name: 'name', description: 'Name of the receiver.' })
  @HttpCode(200)
  @Requires('operator')
  @ApiOperation({ operationId: 'testReceiver', summary: 'Send a test alarm and its end to each endpoint, at once.' })
  @ApiOkResponse({ description: 'What came of each.', schema: RECEIVER_TEST })
  @ApiResponse({ status: 404, description: 'No such receiver.' })
  async test(@Param('name') name: string, @Req() request: FastifyRequest) {
    if (!this.notifier.directions.receivers.has(name)) throw missing('receivers', name)
    return { items: await this.notifier.test(name, request.principal?.name ?? 'somebody') }
  }
}
