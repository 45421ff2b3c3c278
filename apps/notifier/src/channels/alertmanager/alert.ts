import { rfc3339 } from '@quorate/contracts'
import type { ChangeMessage, Message } from '../../outbox/message'
import {
  changeText,
  oneLine,
  plain,
  type Rendering,
  text,
  type TextModel,
  type TextOptions,
  toneOf,
} from '../../templates'

export const ALERTMANAGER_PARTS = { summary: 'none', description: 'none' } as const
export type AlertmanagerPart = keyof typeof ALERTMANAGER_PARTS

/** An alert as Alertmanager's API v2 takes it, its end apart: what is kept and said again. */
export interface Alert {
  /** Identify it: the same labels are the same alert. */
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  /** RFC 3339 */
  readonly startsAt: string
  readonly generatorURL?: string
}

export interface AlertSettings {
  /** Label `alertname`. */
  readonly alertName?: string
  /** Added to every alert. */
  readonly labels?: Readonly<Record<string, string>>
}

const NAME = 'QuorateState'

/** Labels of an object in a state. Another state is another alert, so that Alertmanager can route by it. */
export function labelsOf(
  object: string,
  state: string,
  { alertName = NAME, labels = {} }: AlertSettings,
): Alert['labels'] {
  return {
    ...labels,
    alertname: alertName,
    object: plain(object),
    state,
    severity: toneOf(state) === 'bad' ? 'critical' : 'warning',
  }
}

/** The alert that an object is in this state. */
export function alertOf(
  message: ChangeMessage,
  model: TextModel,
  texts: Rendering<AlertmanagerPart>,
  settings: AlertSettings,
  options: TextOptions,
): Alert {
  const state = message.flapping?.phase === 'began' ? 'flapping' : (message.state ?? 'gone')
  const { link, policy } = changeText(message, options)
  return {
    labels: labelsOf(message.object, state, settings),
    annotations: {
      summary: texts.text('summary', oneLine),
      description: texts.text('description', text),
      ...(policy === null ? {} : { policy }),
    },
    startsAt: rfc3339(message.view?.since ?? message.time),
    ...(link === null ? {} : { generatorURL: link }),
  }
}

/** The alert that the recovery in hand ends, where nothing is known to stand. */
export function endedAlert(message: ChangeMessage, model: TextModel, settings: AlertSettings): Alert {
  const state = message.previous ?? message.view?.from ?? 'unknown'
  const { lasted, time } = message
  return {
    labels: labelsOf(message.object, state, settings),
    annotations: { summary: oneLine(model) },
    startsAt: rfc3339(time - (lasted ?? 0)),
  }
}

/** The alert that an endpoint gave up; it ends by itself. */
export function noticeAlert(
  message: Extract<Message, { kind: 'notice' }>,
  model: TextModel,
  settings: AlertSettings,
): Alert {
  return {
    labels: { ...settings.labels, alertname: 'QuorateEndpointFailed', endpoint: message.endpoint, severity: 'warning' },
    annotations: { summary: oneLine(model) },
    startsAt: rfc3339(message.time),
  }
}

/** On the wire. @param endsAt ms */
export const wireAlert = (alert: Alert, endsAt: number): object => ({ ...alert, endsAt: rfc3339(endsAt) })
