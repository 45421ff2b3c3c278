import { Type } from '@sinclair/typebox'
import { closed, COUNT, described, oneOf, orNull, type Shape, TEXT, WHEN } from '../shape'
import { NEXT } from './common'

export const DEAD_LETTER_CUT = closed(
  {
    parts: Type.Array(oneOf(['key', 'value', 'headers'])),
    keyBytes: Type.Optional(COUNT),
    keySha256: Type.Optional(TEXT),
    valueBytes: Type.Optional(COUNT),
    valueSha256: Type.Optional(TEXT),
    headers: Type.Optional(described(COUNT, 'How many the original had.')),
  },
  {
    $id: 'DeadLetterCut',
    description:
      'Parts of the original that are not whole here, because they were larger than a dead letter may be. It cannot be replayed then.',
  },
)

export const DEAD_LETTER_MARK = closed(
  {
    done: oneOf(['replayed', 'dropped']),
    at: WHEN,
    by: TEXT,
    position: Type.Optional(described(TEXT, 'Where it was appended again.')),
  },
  { $id: 'DeadLetterMark', description: 'What an operator has done with a dead letter.' },
)

const LISTED = {
  position: described(TEXT, 'Names it: `0@17`.'),
  at: WHEN,
  reason: orNull(TEXT),
  topic: orNull(TEXT),
  from: orNull(TEXT, 'Where the original was: `3@5`.'),
  key: orNull(TEXT, 'Null where there is none, or where it is not UTF-8.'),
  bytes: described(COUNT, 'Of the original value.'),
  cut: Type.Optional(DEAD_LETTER_CUT),
  mark: orNull(DEAD_LETTER_MARK),
}
export const DEAD_LETTER_ANSWER = closed(LISTED, {
  $id: 'DeadLetter',
  description: 'A record that could not be applied.',
})
export type DeadLetter = Shape<typeof DEAD_LETTER_ANSWER>
export type DeadLetterMark = NonNullable<DeadLetter['mark']>
export type DeadLetterCut = NonNullable<DeadLetter['cut']>

export const DEAD_LETTER_PAGE = closed({ items: Type.Array(DEAD_LETTER_ANSWER), next: NEXT }, { $id: 'DeadLetterPage' })
export type DeadLetterPage = Shape<typeof DEAD_LETTER_PAGE>

export const WHOLE_DEAD_LETTER = closed(
  {
    ...LISTED,
    keyBase64: Type.Optional(described(TEXT, 'Of a key that is not UTF-8.')),
    value: orNull(TEXT, 'Null where there is none, or where it is not UTF-8.'),
    valueBase64: Type.Optional(described(TEXT, 'Of a value that is not UTF-8.')),
    headers: Type.Array(Type.Tuple([TEXT, TEXT]), { description: "The original's headers: name and value." }),
  },
  { $id: 'WholeDeadLetter', description: 'A dead letter with its value and headers.' },
)
export type WholeDeadLetter = Shape<typeof WHOLE_DEAD_LETTER>
