import type { StatesEvent } from '@quorate/client'
import { marks, stateText, tallyText } from './screen'
import { type Ink, printable } from './text'

/** One event of the stream of states as one line. */
export function changeText({ type, data }: StatesEvent, ink: Ink): string {
  switch (type) {
    case 'sync':
      return ink('dim', '— current states; changes follow as they happen —\n')
    case 'object.deleted':
      return (
        `${ink('bold', printable(data.object))}  ${ink('dim', `gone (${data.cause ?? 'no cause given'})`)}  ` +
        `${ink('dim', data.time)}\n`
      )
    case 'observers.lost':
      return ink(
        'yellow',
        `agents fell silent: ${data.stale} of ${data.known} objects of partition ${data.partition} are stale  ` +
          `${data.time}\n`,
      )
    case 'observers.back':
      return `agents are back  ${ink('dim', data.time)}\n`
    default: {
      const way = type === 'object.changed' && data.from !== null ? `${data.from} > ` : ''
      const why = [data.cause, tallyText(data), ...marks(data)].filter(Boolean).join('; ')
      return (
        `${ink('bold', printable(data.object))}  ${way}${stateText(data.state, ink)}  (${why})  ` +
        `${ink('dim', data.since)}\n`
      )
    }
  }
}
