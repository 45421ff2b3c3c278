import { IsOptional, IsString } from 'class-validator'
import { IsCount, IsReason } from './body-rules'
import { invalid } from './problem'

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

/** That a partition continues with its source as it is now. */
export class SourceBody {
  @IsOptional()
  @IsString({ message: 'must be the id of a topic' })
  topic?: string | null
}

/** The number of a partition in a path. @throws Problem 422 */
export function partitionNumberOf(segment: string): number {
  if (!/^\d{1,6}$/.test(segment))
    throw invalid([{ pointer: '/path/partition', detail: 'must be the number of a partition' }])
  return Number(segment)
}

/** The record that `by` wants to leave out of a partition. @throws Problem 422 */
export function skipOf(segment: string, { offset, through, reason }: SkipBody, by: string) {
  if (typeof through === 'number' && through < offset)
    throw invalid([{ pointer: '/through', detail: 'must be at least the offset' }])
  return { partition: partitionNumberOf(segment), offset, through: through ?? undefined, reason, by }
}
