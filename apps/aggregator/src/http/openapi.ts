import { applyDecorators } from '@nestjs/common'
import { ApiHeader, ApiParam, ApiQuery, ApiResponse } from '@nestjs/swagger'
import * as shape from '@quorate/contracts'
import { type Reference, refTo } from '@quorate/http'
import { LIST } from './list-query'

type Schema = Reference | { readonly anyOf: readonly Reference[] } | { readonly type: string }
export const VIEW = refTo(shape.WIRE_VIEW_SCHEMA)
export const LIST_ANSWER = refTo(shape.OBJECT_PAGE)
export const EXPLANATION = refTo(shape.EXPLANATION)
export const HISTORY = refTo(shape.HISTORY)
export const POLICY = refTo(shape.POLICY_IN_FORCE)
export const POLICY_BODY = refTo(shape.POLICY_BODY)
export const POLICY_ANSWER = { anyOf: [POLICY, refTo(shape.POLICY_TRIAL)] }
export const POLICIES = refTo(shape.POLICY_LIST)
export const AGENT = refTo(shape.AGENT_ANSWER)
export const AGENT_ANSWER = { anyOf: [AGENT, refTo(shape.AGENT_TRIAL)] }
export const AGENTS = refTo(shape.AGENT_LIST)
export const CLUSTER = refTo(shape.CLUSTER)
export const BULK_REPORT = refTo(shape.BULK_REPORT)
export const BULK_ANSWER = refTo(shape.BULK_ANSWER)
export const SKIPPED = refTo(shape.SKIPPED)
export const SKIP_NOTED = refTo(shape.SKIP_NOTED)
export const ACKNOWLEDGED = refTo(shape.ACKNOWLEDGED)
export const SOURCE_NOTED = refTo(shape.SOURCE_NOTED)
export const DEAD_LETTER = refTo(shape.WHOLE_DEAD_LETTER)
export const DEAD_LETTERS = refTo(shape.DEAD_LETTER_PAGE)

const text = { type: 'string' }
const header = (description: string, schema: object = text) => ({ description, schema: schema as never })
const ETAG = {
  ETag: header('`"<incarnation>.<version>.<n>.<revision>"`, n = changes of the override in this incarnation.'),
}
const POSITION = {
  'Quorate-Position': header(
    'Last offset of each partition, such as `0@17, 3@5`: a later read that carries it as Quorate-Min-Position sees this.',
  ),
}
const FRESHNESS = {
  'Quorate-Partition': header('Partition of the object.', { type: 'integer' }),
  'Quorate-Owner': header('Who answered.'),
  'Quorate-Role': header(
    '`active`; `standby` where the read permits it; `unconfirmed` when the log is out of reach of all members, so that the owner cannot be sure that it still is.',
  ),
  ...POSITION,
  'Quorate-Lag': header('Records that the answer does not know of yet; left out where that is not known.', {
    type: 'integer',
  }),
  'Quorate-As-Of': header("The partition's time.", { type: 'string', format: 'date-time' }),
  'Quorate-Age': {
    ...header('With `unconfirmed` alone: ms since the owner was last sure.', { type: 'integer' }),
    required: false,
  },
}
const HEADERS = { object: { ...FRESHNESS, ...ETAG }, freshness: FRESHNESS, policy: POSITION, list: POSITION }

/** A 200 with what it says of its source. */
export const ApiRead = (schema: Schema, description: string, kind: keyof typeof HEADERS) =>
  ApiResponse({
    status: 200,
    description,
    headers: HEADERS[kind],
    content: { 'application/json': { schema: schema as never } },
  })

/** A read that can ask to be at least as new as a position. */
export const ApiBound = () =>
  applyDecorators(
    ApiHeader({
      name: 'Quorate-Min-Position',
      required: false,
      schema: text,
      description: 'Wait until this has been applied; Quorate-Position of another answer.',
    }),
    ApiQuery({
      name: 'wait',
      required: false,
      schema: { type: 'string', default: '5s' },
      description: 'How long to wait for it, at most 60s.',
    }),
  )

/** A read that a standby may answer. */
export const ApiStale = () =>
  applyDecorators(
    ApiQuery({
      name: 'stale',
      required: false,
      schema: { type: 'string', enum: ['allow'] },
      description: 'A standby may answer, here or where the owner is out of reach. Quorate-Role and Quorate-Lag tell.',
    }),
    ApiQuery({
      name: 'maxLag',
      required: false,
      schema: { type: 'integer', minimum: 0 },
      description: 'Records that a standby may be behind; with stale=allow.',
    }),
  )

export const ApiWait = (fallback: string, said: string) =>
  ApiQuery({
    name: 'wait',
    required: false,
    schema: { type: 'string', default: fallback },
    description: `How long to wait for the outcome, such as 5s, at most 60s. ${said}`,
  })

export const ApiReason = () =>
  ApiQuery({
    name: 'reason',
    required: false,
    schema: { type: 'string', minLength: 1, maxLength: 4096 },
    description: 'Why; kept with the change. The author is the caller.',
  })

export const ApiDryRun = () =>
  ApiQuery({
    name: 'dryRun',
    required: false,
    schema: { type: 'string', enum: ['true', 'false'], default: 'false' },
    description:
      'Writes nothing, and answers which objects it would change at once, and how: evaluated by the owners over their committed rows, at the time of each partition.',
  })

export const ApiWritten = (schema: Schema = refTo(shape.WRITTEN)) =>
  ApiResponse({
    status: 202,
    description: 'It is in the log.',
    headers: POSITION,
    content: { 'application/json': { schema: schema as never } },
  })

/** A write that is done once, however often it is sent. */
export const ApiOnce = () =>
  ApiHeader({
    name: 'Idempotency-Key',
    required: false,
    schema: { type: 'string', minLength: 1, maxLength: 255 },
    description:
      'Names this request: sent again within 24 h, to any instance, it is not done again, and answers with the position of the first. 409 for a key of another request.',
  })

export const ApiConditional = () =>
  ApiHeader({
    name: 'If-Match',
    required: false,
    schema: text,
    description:
      'ETag of the object as seen; required when the object exists. Its last part is not compared, so that marks that move do not fail a write.',
  })

export const ApiObject = (...more: 'agent'[]) =>
  applyDecorators(
    ApiParam({
      name: 'object',
      schema: { type: 'string', minLength: 1, maxLength: 512 },
      description: 'Object id, percent-encoded as one segment: 1–512 bytes of UTF-8 without control characters.',
    }),
    ...more.map((name) =>
      ApiParam({
        name,
        schema: { type: 'string', minLength: 1, maxLength: 256 },
        description: 'Agent id, percent-encoded as one segment.',
      }),
    ),
  )

const FLAG = { type: 'string', enum: ['true', 'false'] }
export const ApiFiltered = () =>
  applyDecorators(
    ...[
      ['state', text, 'Effective state.'],
      ['voted', text, 'Voted state.'],
      ['contested', FLAG, 'No winner, though there is a quorum.'],
      ['stale', FLAG, 'The voted state is held without a quorum.'],
      ['flapping', FLAG, 'The voted state changed often lately.'],
      ['divergent', FLAG, 'An override says something else than the vote.'],
      ['overridden', FLAG, 'An override is in force.'],
      ['prefix', text, 'Beginning of the object id.'],
      ['limit', { type: 'integer', minimum: 1, maximum: LIST.most, default: LIST.limit }, 'Objects a page.'],
      ['cursor', text, '`next` of the page before.'],
      [
        'partial',
        { type: 'string', enum: ['refuse'] },
        '503 instead of an incomplete page; 504 where a partition has not reached the position asked for.',
      ],
    ].map(([name, schema, description]) =>
      ApiQuery({ name: name as string, required: false, schema: schema as never, description: description as string }),
    ),
  )

/** Answers that are not the hoped-for one. */
export const ApiProblems = (...statuses: number[]) =>
  applyDecorators(
    ...statuses.map((status) => {
      if (status === 202) return ApiWritten()
      if (status === 204)
        return ApiResponse({ status, description: 'Done; there is nothing (left) to show.', headers: FRESHNESS })
      if (status === 304) return ApiResponse({ status, description: 'It has not changed.', headers: HEADERS.object })
      // The edge says what each status means and how it is told.
      return ApiResponse({ status })
    }),
  )
