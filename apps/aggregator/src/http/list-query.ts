import { isObjectId, isState, isText, LIMITS } from '@quorate/contracts'
import { type CursorFilter, decodeCursor, invalid, type ProblemError } from '@quorate/http'
import type { FastifyRequest } from 'fastify'
import type { Filter, ListQuery } from '../queries/listing'
import { parsePositions } from '../queries/positions'
import { one, queryOf } from './request-parts'
import { parseWait } from '../queries/waiting'

export const LIST = { limit: 100, most: 10_000 } as const
const MARKS = ['contested', 'stale', 'flapping', 'divergent', 'overridden'] as const

/** What a cursor of the list is bound to. */
export const filterOf = ({ state, voted, prefix, ...query }: Filter): CursorFilter => ({
  ...{ state, voted, prefix },
  ...Object.fromEntries(MARKS.map((mark) => [mark, query[mark]])),
})

/** Query of `GET /v1/objects`. `after` comes from peers alone; callers have the cursor. @throws Problem */
export function listQueryOf(
  request: FastifyRequest,
  partitions: number,
): ListQuery & { readonly refusePartial: boolean } {
  const names = ['state', 'voted', ...MARKS, 'prefix', 'limit', 'cursor', 'partial', 'wait'] as const
  const query = queryOf(request, request.forwarded ? ([...names, 'after'] as const) : names)
  const faults: ProblemError[] = []
  const fault = (name: string, detail: string) => void faults.push({ pointer: `/query/${name}`, detail })
  const { state, voted, prefix, limit: asked, partial } = query
  for (const [name, value] of [['state', state], ['voted', voted]] as const) if (value !== undefined && !isState(value)) fault(name, 'must be a state: [a-z0-9][a-z0-9._-]{0,63}') // prettier-ignore
  if (prefix !== undefined && !isText(prefix, 0, LIMITS.objectIdBytes))
    fault('prefix', 'must be the beginning of an object id')
  const limit = asked === undefined ? LIST.limit : /^\d{1,5}$/.test(asked) ? Number(asked) : NaN
  if (!(limit >= 1 && limit <= LIST.most)) fault('limit', `must be an integer from 1 to ${LIST.most}`)
  if (partial !== undefined && partial !== 'refuse') fault('partial', 'must be refuse')
  const marks: Partial<Record<(typeof MARKS)[number], boolean>> = {}
  for (const mark of MARKS) {
    if (query[mark] === 'true' || query[mark] === 'false') marks[mark] = query[mark] === 'true'
    else if (query[mark] !== undefined) fault(mark, 'must be true or false')
  }
  if (faults.length > 0) throw invalid(faults, 'the query')
  const filter = { state, voted, ...marks, prefix: prefix === '' ? undefined : prefix }
  return {
    ...filter,
    limit,
    after: (query as { after?: string }).after ?? decodeCursor(query.cursor, filter, isObjectId),
    bound: parsePositions(one(request, 'quorate-min-position'), partitions),
    waitMs: parseWait(query.wait),
    refusePartial: partial === 'refuse',
  }
}
