import type { View } from '@quorate/contracts'
import type { Message } from '../../outbox/message'
import { becameOf, clockTime, clockTimeFrom, duration, plain, toneOf, why } from '../../templates'

export interface LineOptions {
  readonly colour: boolean
  /** IANA zone; the machine's own by default. */
  readonly timeZone?: string
}

const STYLES = { good: 32, bad: 31, other: 33, dim: 2, bold: 1 } as const
type Style = keyof typeof STYLES

/** One readable line: `12:04:31  site/x  up → down  2 of 3 say down (last: agent-1)  after 4 min`. */
export function line(message: Message, options: LineOptions): string {
  const { colour, timeZone } = options
  const paint = (style: Style, text: string): string => (colour ? `\u001b[${STYLES[style]}m${text}\u001b[0m` : text)
  const at = paint('dim', clockTime(message.time, timeZone))
  if (message.kind === 'notice')
    return [
      at,
      paint('bold', message.endpoint),
      paint('bad', 'gives up'),
      paint(
        'dim',
        `${message.reason}; delivery ${message.delivery} about ${plain(message.object)} is in the dead letters`,
      ),
    ].join('  ')
  if (message.kind === 'group') return message.changes.map((change) => line(change, options)).join('\n')
  const { object, state, previous, lasted, view } = message
  const from = previous ?? view?.from ?? 'new'
  const to = paint(toneOf(state), becameOf(message))
  const parts = [
    at,
    paint('bold', plain(object)),
    `${paint('dim', from)} → ${to}`,
    why(message, (ms) => clockTimeFrom(message.time, ms, timeZone)),
  ]
  if (lasted !== null && lasted >= 1000) parts.push(paint('dim', `after ${duration(lasted)} ${from}`))
  const marks = view ? marksOf(view) : []
  if (marks.length > 0) parts.push(paint('other', marks.join(', ')))
  return parts.filter((part) => part !== '').join('  ')
}

const marksOf = (view: View): string[] => (['contested', 'stale', 'flapping'] as const).filter((mark) => view[mark])
