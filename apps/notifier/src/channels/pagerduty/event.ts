import { createHash } from 'node:crypto'
import { changeText, oneLine, type Rendering, type TextModel, type TextOptions, toneOf } from '../../templates'
import type { ChangeMessage, Message } from '../../outbox/message'
import { isResolved } from '../resolved'

export const PAGERDUTY_PARTS = { summary: 'none' } as const
export type PagerdutyPart = keyof typeof PAGERDUTY_PARTS

export const SEVERITIES = ['critical', 'error', 'warning', 'info'] as const
export type Severity = (typeof SEVERITIES)[number]

export interface EventSettings {
  readonly resolvedStates?: readonly string[]
  /** By state. */
  readonly severities?: Readonly<Record<string, Severity>>
}

/** Limits of Events API v2. */
const LONGEST_KEY = 255
const LONGEST_SUMMARY = 1024

/**
 * An event of PagerDuty's Events API v2 (https://developer.pagerduty.com/docs/events-api-v2/trigger-events/), its
 * routing key apart.
 */
export function pagerdutyEvent(
  message: Message,
  model: TextModel,
  texts: Rendering<PagerdutyPart>,
  settings: EventSettings,
  options: TextOptions,
): object {
  const dedup_key = message.kind === 'notice' ? `quorate-endpoint/${message.endpoint}` : dedupKey(message.object)
  if (message.kind === 'change' && isResolved(message, settings.resolvedStates))
    return { event_action: 'resolve', dedup_key }
  const summary = cut(texts.text('summary', oneLine), LONGEST_SUMMARY)
  return {
    event_action: 'trigger',
    dedup_key,
    client: 'Quorate',
    payload: {
      summary,
      source: cut(message.object, LONGEST_SUMMARY),
      timestamp: model.time,
      severity: severityOf(message, settings),
      ...(message.kind === 'change' ? detailsOf(message, options) : {}),
    },
    ...(model.link === null ? {} : { links: [{ href: model.link, text: cut(message.object, 100) }] }),
  }
}

/** What the key of a name that does not fit ends with. */
const HASHED = /#[\w-]{43}$/

/**
 * One alert for each object: the object's name where it fits, else as much of it as fits and a hash of all of it. A
 * name that looks as if it ended with such a hash gets one of its own, so that no two objects share a key.
 */
export function dedupKey(object: string): string {
  const key = `quorate/${object.toWellFormed()}`
  if (Buffer.byteLength(key) <= LONGEST_KEY && !HASHED.test(key)) return key
  const hash = createHash('sha256').update(object).digest('base64url')
  let head = key.slice(0, LONGEST_KEY)
  while (Buffer.byteLength(head) + hash.length + 1 > LONGEST_KEY) head = head.slice(0, -1)
  return `${head.toWellFormed().replace(/\uFFFD$/, '')}#${hash}`
}

function severityOf(message: Message, { severities = {} }: EventSettings): Severity {
  if (message.kind !== 'change') return 'error'
  if (message.flapping?.phase === 'began') return 'warning'
  const named =
    message.state !== null && Object.hasOwn(severities, message.state) ? severities[message.state] : undefined
  return named ?? (toneOf(message.state) === 'bad' ? 'critical' : 'warning')
}

function detailsOf(message: ChangeMessage, options: TextOptions): object {
  const { state, previous, since, why, majority, dissent, override, marks, dependants } = changeText(message, options)
  const policy = message.view?.policy ?? null
  return {
    class: state ?? 'gone',
    ...(policy === null ? {} : { group: policy }),
    custom_details: { state, previous, since, why, majority, dissent, override, marks, dependants },
  }
}

const cut = (text: string, most: number): string =>
  text.length <= most ? text : `${text.slice(0, most - 1).toWellFormed()}…`
