import { IsBoolean, IsOptional } from 'class-validator'
import { IsWeight } from './rules'

/** Settings of an agent; all of them are replaced. null = absent. */
export class AgentBody {
  @IsOptional()
  @IsWeight()
  weight?: number | null

  @IsOptional()
  @IsBoolean({ message: 'must be true or false' })
  muted?: boolean | null
}
