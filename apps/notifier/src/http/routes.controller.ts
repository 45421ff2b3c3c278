import { Body, Controller, Delete, Get, HttpCode, Post, Put } from '@nestjs/common'
import { ApiBody, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger'
import { Requires } from '@quorate/http'
import { Notifier } from '../notifier'
import { tryRoutes } from '../queries/route-trial'
import { Configuring } from './configuring'
import { ROUTE_BODY, ROUTES, ROUTES_TEST } from './schemas'
import { RouteTestBody, trialOf } from './route-test-body'

/** The tree of routes: who is told what, when. */
@ApiTags('notifier')
@Controller('v1/routes')
export class RoutesController {
  constructor(
    private readonly configuring: Configuring,
    private readonly notifier: Notifier,
  ) {}

  @Get()
  @ApiOperation({ operationId: 'getRoutes', summary: 'The tree as it was written.' })
  @ApiOkResponse({ description: 'The tree.', schema: ROUTES })
  get() {
    const { routes } = this.configuring.configuration.document
    const faults = this.configuring.faultsOf('routes', 'root')
    const root = routes ?? this.configuring.configuration.routing().root
    return { configured: routes !== undefined, root, ...(faults ? { faults } : {}) }
  }

  @Put()
  @Requires('admin')
  @ApiBody({ schema: ROUTE_BODY })
  @ApiOperation({ operationId: 'putRoutes', summary: 'Put a tree in force.' })
  @ApiOkResponse({ description: 'The tree.', schema: ROUTES })
  @ApiResponse({ status: 422, description: 'The tree breaks the contract.' })
  async put(@Body() body: unknown) {
    await this.configuring.put('routes', 'root', body)
    return this.get()
  }

  @Delete()
  @HttpCode(204)
  @Requires('admin')
  @ApiOperation({ operationId: 'deleteRoutes', summary: 'Go back to the built-in tree.' })
  @ApiNoContentResponse({ description: 'The built-in tree is in force.' })
  @ApiResponse({ status: 404, description: 'No tree is configured.' })
  delete(): Promise<void> {
    return this.configuring.delete('routes', 'root')
  }

  @Post('test')
  @HttpCode(200)
  @ApiOperation({ operationId: 'testRoutes', summary: 'Who would be told of a change, and why; nothing is sent.' })
  @ApiOkResponse({ description: 'Every route that takes it.', schema: ROUTES_TEST })
  @ApiResponse({ status: 422, description: 'It is no change.' })
  test(@Body() body: RouteTestBody) {
    return { items: tryRoutes(this.notifier.directions, trialOf(body), this.notifier.now()) }
  }
}
