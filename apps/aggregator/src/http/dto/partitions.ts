import { IsOptional, IsString } from 'class-validator'
import { IsCount, IsReason } from './rules'

/** A record to leave out. The author is the caller, never a field. */
export class SkipBody {
  @IsCount(0)
  offset!: number

  @IsOptional()
  @IsCount(0)
  through?: number | null

  @IsReason()
  reason!: string
}

/** That a partition goes on with its source as it is now. */
export class SourceBody {
  @IsOptional()
  @IsString({ message: 'must be the id of a topic' })
  topic?: string | null
}
