import type { StateChange } from '@quorate/client'
import { marks, stateText, tallyText } from './screen'
import { type Ink, printable } from './text'

/** One event of the stream of states as one line. */
export function changeText(type: string, change: StateChange, ink: Ink): string {
  if (type === 'sync') return ink('dim', '— these are the states; changes follow as they happen —\n')
  const { time, subject, data, cause } = change
  const at = time ? `${ink('dim', time)}  ` : ''
  const view = data ?? (('state' in change ? change : undefined) as StateChange['data'])
  const name = ink('bold', printable(view?.object ?? subject ?? ''))
  if (!view) return `${at}${name}  ${ink('dim', `gone${cause ? ` (${cause})` : ''}`)}\n`
  const way = view.from !== null && type === 'object.changed' ? `${view.from} > ` : ''
  const more = [view.cause, tallyText(view.tally ?? {}), ...marks(view)].filter(Boolean).join('; ')
  return `${at}${name}  ${way}${stateText(view.state, ink)}  (${more})\n`
}
