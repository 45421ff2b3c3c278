import { Type } from '@sinclair/typebox'
import { closed, COUNT, described, FLAG, type Shape, TEXT } from '../shape'

export const MISSING_PARTITION = closed(
  { partition: COUNT, reason: TEXT },
  { $id: 'MissingPartition', description: 'A partition that could not be asked, and why.' },
)
export type MissingPartition = Shape<typeof MISSING_PARTITION>

/** Members of an answer that is put together from all partitions. */
export const COMPLETE = {
  complete: described(FLAG, 'False when partitions could not be asked, or rows cannot be read.'),
  missing: Type.Array(MISSING_PARTITION),
}

/** The cursor of a page; absent on the last one. */
export const NEXT = Type.Optional(described(TEXT, 'Cursor of the next page; absent on the last one.'))

export const FAULT = closed(
  { pointer: described(TEXT, 'JSON pointer to the place.'), detail: TEXT },
  { $id: 'Fault', description: 'A place that is at fault.' },
)

export const WRITTEN = closed(
  { position: described(TEXT, 'Where it is in the log, such as `3@5`: a later read can wait for it.') },
  { $id: 'Written' },
)
export type WrittenAnswer = Shape<typeof WRITTEN>
