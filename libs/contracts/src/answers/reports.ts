import { Type } from '@sinclair/typebox'
import { closed, COUNT, described, type Shape, TEXT } from '../shape'

export const REJECTED_REPORT = closed(
  { index: described(COUNT, 'Counts from the first report of the body.'), reason: TEXT },
  { $id: 'RejectedReport' },
)

export const BULK_ANSWER = closed(
  {
    accepted: COUNT,
    rejected: Type.Array(REJECTED_REPORT),
    unlisted: Type.Optional(described(COUNT, 'Rejected beyond those listed.')),
    position: described(TEXT, 'The last offset of each partition, such as `0@17, 3@5`.'),
  },
  { $id: 'BulkAnswer' },
)
export type BulkAnswer = Shape<typeof BULK_ANSWER>
