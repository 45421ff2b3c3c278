import { Body, Controller, Get, Param, Put } from '@nestjs/common'
import { Quorate, Requires } from '@quorate/engine/nest'
import { IsBoolean } from 'class-validator'

class DoorBody {
  @IsBoolean()
  open!: boolean
}

/** Doors, which know nothing of votes: each request is the report of one sensor. */
@Controller('doors')
export class DoorsController {
  constructor(private readonly quorate: Quorate) {}

  @Put(':door/sensors/:sensor')
  @Requires('reporter')
  async set(@Param('door') door: string, @Param('sensor') sensor: string, @Body() { open }: DoorBody) {
    const state = open ? 'open' : 'closed'
    const { view } = await this.quorate.client.report(`door/${door}`, sensor, { state }, { wait: 5 })
    return { door, open: view?.state === 'open' }
  }

  @Get(':door')
  async get(@Param('door') door: string) {
    const { view } = await this.quorate.client.get(`door/${door}`)
    return { door, open: view.state === 'open', since: view.since }
  }
}
