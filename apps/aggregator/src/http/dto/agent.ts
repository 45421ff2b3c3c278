import { ApiPropertyOptional } from '@nestjs/swagger'
import { IsBoolean, IsOptional } from 'class-validator'
import { IsWeight } from './rules'

/** Settings of an agent; all of them are replaced. null = absent. */
export class AgentBody {
  @ApiPropertyOptional({
    type: 'integer',
    minimum: 0,
    maximum: 1_000_000,
    default: 1,
    description: 'With 0 the agent only observes.',
  })
  @IsOptional()
  @IsWeight()
  weight?: number | null

  @ApiPropertyOptional({ type: 'boolean', default: false, description: 'Its reports do not count.' })
  @IsOptional()
  @IsBoolean({ message: 'must be true or false' })
  muted?: boolean | null
}
