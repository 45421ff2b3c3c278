import { Controller, Get, Inject } from '@nestjs/common'
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger'
import { Notifier } from '../notifier'
import { RECEIVERS_SCHEMA } from './schemas'

/** Who is told, and how their endpoints are as this instance sees them. */
@ApiTags('notifier')
@Controller('v1/receivers')
export class ReceiversController {
  constructor(@Inject(Notifier) private readonly notifier: Notifier) {}

  @Get()
  @ApiOperation({ operationId: 'listReceivers', summary: 'Who is told; never a secret.' })
  @ApiOkResponse({ description: 'The receivers.', schema: RECEIVERS_SCHEMA as never })
  list() {
    const status = new Map(this.notifier.courier.status().map((endpoint) => [endpoint.name, endpoint]))
    const items = [...this.notifier.directions.receivers.values()].map(({ name, fallback, endpoints }) => ({
      name,
      fallback: fallback ?? null,
      endpoints: endpoints.map((endpoint) => {
        const { description: settings, waiting, underWay, circuit, refusal } = status.get(endpoint.name)!
        return { name: endpoint.name, channel: endpoint.channel, settings, waiting, underWay, circuit, refusal }
      }),
    }))
    return { items }
  }
}
