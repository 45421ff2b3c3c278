import * as shape from '@quorate/contracts'
import { componentsOf, refTo } from '@quorate/http'
import { Type } from '@sinclair/typebox'
import { SAMPLE_NAMES, WITH_TEXTS } from './template-preview-body'

export const DELIVERIES = refTo(shape.DELIVERY_PAGE)
export const RECEIVER = refTo(shape.RECEIVER_ANSWER)
export const RECEIVERS = refTo(shape.RECEIVER_LIST)
export const RECEIVER_BODY = refTo(shape.RECEIVER_SCHEMA)
export const RECEIVER_TEST = refTo(shape.RECEIVER_TEST)
export const ROUTES = refTo(shape.ROUTES_ANSWER)
export const ROUTE_BODY = refTo(shape.ROUTE_TREE)
export const ROUTES_TEST = refTo(shape.ROUTES_TEST)
export const SILENCE = refTo(shape.SILENCE_ANSWER)
export const SILENCES = refTo(shape.SILENCE_LIST)
export const SILENCE_PREVIEW = refTo(shape.SILENCE_PREVIEW)
export const INHIBITION = refTo(shape.INHIBITION_ANSWER)
export const INHIBITIONS = refTo(shape.INHIBITION_LIST)
export const INHIBITION_BODY = refTo(shape.INHIBITION_SCHEMA)
export const TEMPLATE_PREVIEW = refTo(shape.TEMPLATE_PREVIEW)
export const SKIPPED = refTo(shape.SKIPPED)
export const SKIP_NOTED = refTo(shape.SKIP_NOTED)
export const ACKNOWLEDGED = refTo(shape.ACKNOWLEDGED)
export const SOURCE_NOTED = refTo(shape.SOURCE_NOTED)

const TEMPLATE_PREVIEW_BODY = Type.Object(
  {
    channel: shape.oneOf(WITH_TEXTS),
    template: Type.Optional(
      Type.Record(Type.String(), Type.String(), {
        description: 'As in the settings of an endpoint; texts that are not there are the built-in ones.',
      }),
    ),
    sample: Type.Optional(shape.oneOf(SAMPLE_NAMES, '`change` where absent.')),
  },
  { additionalProperties: false, $id: 'TemplatePreviewBody', description: 'Templates to try, and on what.' },
)

const BODIES = [
  shape.ROUTE_TEST_BODY,
  shape.SILENCE_SCHEMA,
  shape.RECEIVER_SCHEMA,
  shape.INHIBITION_SCHEMA,
  TEMPLATE_PREVIEW_BODY,
  shape.SKIP_BODY,
  shape.SOURCE_BODY,
]

const ANSWERS = [
  shape.DELIVERY_PAGE,
  shape.RECEIVER_ANSWER,
  shape.RECEIVER_LIST,
  shape.RECEIVER_TEST,
  shape.ROUTES_ANSWER,
  shape.ROUTES_TEST,
  shape.SILENCE_ANSWER,
  shape.SILENCE_LIST,
  shape.SILENCE_PREVIEW,
  shape.INHIBITION_ANSWER,
  shape.INHIBITION_LIST,
  shape.TEMPLATE_PREVIEW,
  shape.SKIPPED,
  shape.SKIP_NOTED,
  shape.ACKNOWLEDGED,
  shape.SOURCE_NOTED,
]

/** Components of the OpenAPI document. */
export const NOTIFIER_COMPONENTS = componentsOf(ANSWERS, BODIES)
