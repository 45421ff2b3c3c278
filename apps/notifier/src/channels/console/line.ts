import type { State, View } from '@quorate/contracts'
import type { Message } from '../../outbox/message'

export interface LineOptions {
  readonly colour: boolean
  /** IANA zone; the machine's own by default. */
  readonly timeZone?: string
}

const GOOD: ReadonlySet<string> = new Set(['up', 'ok', 'healthy', 'online', 'normal'])
const BAD: ReadonlySet<string> = new Set(['down', 'critical', 'under-attack', 'offline', 'failed', 'error'])
const STYLES = { good: 32, bad: 31, other: 33, dim: 2, bold: 1 } as const
type Style = keyof typeof STYLES

/** One readable line: `12:04:31  site/x  up → down  2 of 3 say down (agent-1)  after 4 min`. */
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
  const to = state === null ? paint('other', 'gone') : paint(toneOf(state), state)
  const parts = [at, paint('bold', plain(object)), `${paint('dim', from)} → ${to}`, why(message, timeZone)]
  if (lasted !== null && lasted >= 1000) parts.push(paint('dim', `after ${duration(lasted)} ${from}`))
  const marks = view ? marksOf(view) : []
  if (marks.length > 0) parts.push(paint('other', marks.join(', ')))
  return parts.filter((part) => part !== '').join('  ')
}

const toneOf = (state: State): Style => (GOOD.has(state) ? 'good' : BAD.has(state) ? 'bad' : 'other')

/** Who says so. */
function why({ view, cause }: Extract<Message, { kind: 'change' }>, timeZone: string | undefined): string {
  if (!view) return cause === 'forgotten' ? 'forgotten: nobody reports it any more' : 'deleted'
  const { override } = view
  if (override && cause === 'override') {
    const until = override.expiresAt === null ? '' : ` until ${clockTime(override.expiresAt, timeZone)}`
    const reason = override.reason === null ? '' : `: ${plain(override.reason)}`
    return `set by ${plain(override.author ?? 'someone')}${until}${reason}`
  }
  if (cause === 'quorum-lost') return `${view.participants} of ${view.electorate} heard, ${view.quorum} needed`
  if (cause === 'no-majority') return `no majority: ${tallyOf(view)}`
  const votes = view.participants > 0 ? `${view.tally[view.voted] ?? 0} of ${view.participants} say ${view.voted}` : ''
  const agent = view.trigger?.agent
  const said = [votes, agent === undefined ? '' : `(${plain(agent)})`].filter((part) => part !== '').join(' ')
  const ended = {
    'override-cleared': 'override cleared',
    'override-expired': 'override ended',
    'override-agreed': 'override and vote agree',
  }[cause as string]
  return [ended, said].filter((part) => part !== undefined && part !== '').join('; ')
}

const tallyOf = (view: View): string =>
  Object.entries(view.tally)
    .map(([state, weight]) => `${weight} ${state}`)
    .join(', ')

const marksOf = (view: View): string[] => (['contested', 'stale', 'flapping'] as const).filter((mark) => view[mark])

/** By zone. To make one costs as much as a hundred lines. */
const clocks = new Map<string | undefined, Intl.DateTimeFormat>()

function clockTime(ms: number, timeZone: string | undefined): string {
  let clock = clocks.get(timeZone)
  if (!clock) {
    const zone = timeZone === undefined ? {} : { timeZone }
    clock = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium', hour12: false, ...zone })
    clocks.set(timeZone, clock)
  }
  return clock.format(ms)
}

/** In the largest unit that leaves no more than two: `45 s`, `4 min`, `2 h 5 min`, `3 d 4 h`. */
export function duration(ms: number): string {
  const s = Math.round(ms / 1000)
  if (s < 60) return `${s} s`
  const min = Math.floor(s / 60)
  if (min < 60) return s % 60 === 0 || min >= 10 ? `${min} min` : `${min} min ${s % 60} s`
  const h = Math.floor(min / 60)
  if (h < 24) return min % 60 === 0 ? `${h} h` : `${h} h ${min % 60} min`
  return h % 24 === 0 ? `${h / 24} d` : `${Math.floor(h / 24)} d ${h % 24} h`
}

/** Texts come from outside; nothing in them may steer a terminal (control and format characters). */
const plain = (text: string): string => text.replace(/[\p{Cc}\p{Cf}]+/gu, ' ')
