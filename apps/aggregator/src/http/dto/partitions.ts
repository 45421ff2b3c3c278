import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger'
import { IsOptional, IsString } from 'class-validator'
import { IsCount, IsReason } from './rules'

/** A record to leave out. The author is the caller, never a field. */
export class SkipBody {
  @ApiProperty({ type: 'integer', minimum: 0, example: 1234, description: 'Source offset of the record.' })
  @IsCount(0)
  offset!: number

  @ApiPropertyOptional({
    type: 'integer',
    minimum: 0,
    description:
      'The last offset, at least `offset`: all of them are left out without being read. For a batch that cannot be read, or that no process survives.',
  })
  @IsOptional()
  @IsCount(0)
  through?: number | null

  @ApiProperty({ type: 'string', minLength: 1, maxLength: 4096, example: 'no process survives it' })
  @IsReason()
  reason!: string
}

/** That a partition goes on with its source as it is now. */
export class SourceBody {
  @ApiPropertyOptional({ type: 'string', description: 'Id of the topic that is meant; 422 where another is there.' })
  @IsOptional()
  @IsString({ message: 'must be the id of a topic' })
  topic?: string | null
}
