import { Body, Controller, HttpCode, Post } from '@nestjs/common'
import { ApiOkResponse, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger'
import { type Fault, pointer } from '@quorate/contracts'
import { invalid } from '@quorate/http'
import { CHANNELS } from '../channels'
import { Notifier } from '../notifier'
import { preview, SAMPLES, type Sources } from '../templates'
import { TEMPLATE_PREVIEW } from './schemas'
import { TemplatePreviewBody } from './template-preview-body'

/** The texts of messages. */
@ApiTags('notifier')
@Controller('v1/templates')
export class TemplatesController {
  constructor(private readonly notifier: Notifier) {}

  @Post('preview')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'previewTemplates',
    summary: 'What would be sent with these templates; nothing is sent.',
  })
  @ApiOkResponse({ description: 'Each text of the channel.', schema: TEMPLATE_PREVIEW })
  @ApiResponse({ status: 422, description: 'The channel, the sample or a text is not known.' })
  preview(@Body() { channel, template, sample }: TemplatePreviewBody) {
    const texts = CHANNELS.get(channel)!.texts!
    const faults = Object.entries(template ?? {}).flatMap(([part, source]): Fault[] => {
      const known = Object.keys(texts.parts)
      if (!known.includes(part))
        return [{ pointer: pointer('template', part), detail: `unknown field; there are ${known.join(', ')}` }]
      return typeof source === 'string'
        ? []
        : [{ pointer: pointer('template', part), detail: 'must be a Liquid template' }]
    })
    if (faults.length > 0) throw invalid(faults, 'the template')
    const message = SAMPLES[sample ?? 'change'](this.notifier.now())
    return { parts: preview(texts, (template ?? {}) as Sources<string>, message, this.notifier.textOptions) }
  }
}
