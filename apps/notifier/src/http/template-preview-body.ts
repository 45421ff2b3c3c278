import { IsIn, IsObject, IsOptional } from 'class-validator'
import { CHANNELS } from '../channels'
import { SAMPLES, type SampleName } from '../templates'

/** Channels whose texts operators may write. */
export const WITH_TEXTS = [...CHANNELS.values()].filter(({ texts }) => texts).map(({ name }) => name)
export const SAMPLE_NAMES = Object.keys(SAMPLES) as SampleName[]

/** Templates to try, and on what. */
export class TemplatePreviewBody {
  @IsIn(WITH_TEXTS, { message: `must be one of ${WITH_TEXTS.join(', ')}` })
  channel!: string

  @IsOptional()
  @IsObject({ message: 'must be an object' })
  template?: Record<string, unknown> | null

  @IsOptional()
  @IsIn(SAMPLE_NAMES, { message: `must be one of ${SAMPLE_NAMES.join(', ')}` })
  sample?: SampleName | null
}
