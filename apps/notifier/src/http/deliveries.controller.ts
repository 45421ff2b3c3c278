import { Controller, Delete, Get, HttpCode, Param, Post, Query, Req } from '@nestjs/common'
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiParam, ApiResponse, ApiTags } from '@nestjs/swagger'
import type { DeliveriesPage } from '@quorate/contracts'
import { type Answer, callOf, Requires } from '@quorate/http'
import type { FastifyRequest } from 'fastify'
import { Deliveries } from '../queries/deliveries'
import { DeliveriesQuery, limitOf } from './deliveries-query'
import { DELIVERIES } from './schemas'

/** Every decision of the notifier, sent or not, with its reason; and what can be done about dead letters. */
@ApiTags('notifier')
@Controller('v1/deliveries')
export class DeliveriesController {
  constructor(private readonly deliveries: Deliveries) {}

  @Get()
  @ApiResponse({ status: 503, description: 'This instance has not joined its group yet.' })
  @ApiOperation({ operationId: 'listDeliveries', summary: 'Who was told what, or why not; newest first.' })
  @ApiOkResponse({ description: 'A page of decisions.', schema: DELIVERIES })
  @ApiResponse({ status: 400, description: 'The cursor is none of ours.' })
  @ApiResponse({ status: 422, description: 'The query breaks the contract.' })
  list(@Query() query: DeliveriesQuery, @Req() request: FastifyRequest): Promise<DeliveriesPage> {
    const { object, receiver, status, cursor } = query
    return this.deliveries.list({ object, receiver, status }, cursor, limitOf(query), callOf(request))
  }

  @Post(':id/redrive')
  @ApiParam({ name: 'id', description: 'Id of the delivery.' })
  @HttpCode(204)
  @Requires('operator')
  @ApiOperation({ operationId: 'redriveDelivery', summary: 'Send a dead letter again, under its id.' })
  @ApiNoContentResponse({ description: 'It will be sent.' })
  @ApiResponse({ status: 404, description: 'No such dead letter.' })
  @ApiResponse({ status: 409, description: 'The receiver has been told something later: it is marked superseded.' })
  @ApiResponse({ status: 503, description: 'Not every partition can be asked now.' })
  redrive(@Param('id') id: string, @Req() request: FastifyRequest): Promise<Answer> {
    return this.deliveries.redrive(id, callOf(request))
  }

  @Delete(':id')
  @ApiParam({ name: 'id', description: 'Id of the delivery.' })
  @HttpCode(204)
  @Requires('operator')
  @ApiOperation({ operationId: 'dropDelivery', summary: 'Give a dead letter up for good.' })
  @ApiNoContentResponse({ description: 'It will not be sent.' })
  @ApiResponse({ status: 404, description: 'No such dead letter.' })
  @ApiResponse({ status: 503, description: 'Not every partition can be asked now.' })
  drop(@Param('id') id: string, @Req() request: FastifyRequest): Promise<Answer> {
    return this.deliveries.drop(id, callOf(request))
  }
}
