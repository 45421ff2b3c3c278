import { Body, Controller, Delete, Get, HttpCode, Param, Put } from '@nestjs/common'
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
import { Notifier } from '../notifier'
import { Configuring } from './configuring'
import { INHIBITION, INHIBITION_BODY, INHIBITIONS } from './schemas'

/** Inhibitions: what is bad below a bad parent is not told one by one. */
@ApiTags('notifier')
@Controller('v1/inhibitions')
export class InhibitionsController {
  constructor(
    private readonly configuring: Configuring,
    private readonly notifier: Notifier,
  ) {}

  @Get()
  @ApiOperation({ operationId: 'listInhibitions', summary: 'The inhibitions, and which are active.' })
  @ApiOkResponse({ description: 'The inhibitions.', schema: INHIBITIONS })
  list() {
    const items = this.notifier.directions.inhibitions.all.map(({ inhibition, source: affliction }) => ({
      ...inhibition,
      active: affliction !== undefined,
    }))
    return { items, leftOut: this.configuring.leftOut('inhibitions') }
  }

  @Get(':name')
  @ApiParam({ name: 'name', description: 'Name of the inhibition.' })
  @ApiOperation({ operationId: 'getInhibition', summary: 'An inhibition.' })
  @ApiOkResponse({ description: 'The inhibition.', schema: INHIBITION })
  @ApiResponse({ status: 404, description: 'No such inhibition.' })
  get(@Param('name') name: string) {
    const found = this.list().items.find((item) => item.name === name)
    if (!found) throw this.configuring.absent('inhibitions', name)
    return found
  }

  @Put(':name')
  @ApiParam({ name: 'name', description: 'Name of the inhibition.' })
  @Requires('admin')
  @ApiBody({ schema: INHIBITION_BODY })
  @ApiOperation({ operationId: 'putInhibition', summary: 'Put an inhibition in force, or replace it.' })
  @ApiOkResponse({ description: 'The inhibition.', schema: INHIBITION })
  @ApiResponse({ status: 422, description: 'It breaks the contract.' })
  async put(@Param('name') name: string, @Body() body: unknown) {
    await this.configuring.put('inhibitions', name, body)
    return this.get(name)
  }

  @Delete(':name')
  @ApiParam({ name: 'name', description: 'Name of the inhibition.' })
  @HttpCode(204)
  @Requires('admin')
  @ApiOperation({ operationId: 'deleteInhibition', summary: 'Take an inhibition away; what it held back is told.' })
  @ApiNoContentResponse({ description: 'It is in force no more.' })
  @ApiResponse({ status: 404, description: 'No such inhibition.' })
  delete(@Param('name') name: string): Promise<void> {
    return this.configuring.delete('inhibitions', name)
  }
}
