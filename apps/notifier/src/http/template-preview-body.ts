import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger'
import { IsIn, IsObject, IsOptional } from 'class-validator'
import { CHANNELS } from '../channels'
import { SAMPLES, type SampleName } from '../templates'

/** Channels whose texts operators may write. */
export const WITH_TEXTS = [...CHANNELS.values()].filter(({ texts }) => texts).map(({ name }) => name)
const SAMPLE_NAMES = Object.keys(SAMPLES) as SampleName[]

/** Templates to try, and on what. */
export class TemplatePreviewBody {
  @ApiProperty({ type: 'string', enum: WITH_TEXTS })
  @IsIn(WITH_TEXTS, { message: `must be one of ${WITH_TEXTS.join(', ')}` })
  channel!: string

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: { type: 'string' },
    description: 'As in the settings of an endpoint; texts that are not there are the built-in ones.',
    example: { subject: '{{ object }} is {{ state }}' },
  })
  @IsOptional()
  @IsObject({ message: 'must be an object' })
  template?: Record<string, unknown> | null

  @ApiPropertyOptional({ type: 'string', enum: SAMPLE_NAMES, default: 'change' })
  @IsOptional()
  @IsIn(SAMPLE_NAMES, { message: `must be one of ${SAMPLE_NAMES.join(', ')}` })
  sample?: SampleName | null
}
