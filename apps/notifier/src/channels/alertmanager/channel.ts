import { type Fault, LIMITS } from '@quorate/contracts'
import type { Message } from '../../outbox/message'
import { oneLine, type Sources, text, textModel, Texts } from '../../templates'
import { type Channel, type ChannelTools, type Outcome, type Outgoing, type Sender } from '../channel'
import { HttpEndpoint, type HttpSettings } from '../http-endpoint'
import { writings } from '../masking'
import { textsOf } from '../operators-texts'
import { isResolved } from '../resolved'
import { type GivenSecret, revealed, settingsCheck, templatesCheck } from '../settings'
import {
  type Alert,
  ALERTMANAGER_PARTS,
  type AlertmanagerPart,
  alertOf,
  type AlertSettings,
  endedAlert,
  noticeAlert,
  wireAlert,
} from './alert'
import { ALERTMANAGER_SCHEMA } from './schema'
import { Refresh } from './refresh'
import { FiringAlerts } from './firing-alerts'

export interface AlertmanagerSettings extends HttpSettings, AlertSettings {
  readonly username?: string
  readonly password?: GivenSecret
  readonly bearerToken?: GivenSecret
  readonly resolvedStates?: readonly string[]
  /** Seconds between two tellings of what stands. */
  readonly resendInterval?: number
  /** Seconds until an alert ends by itself when it is told no more. */
  readonly endsAfter?: number
  readonly template?: Sources<AlertmanagerPart>
}

const CONCURRENCY = 4
const RESEND = 60
const ENDS_AFTER = 600
/** Its labels or texts are what an operator wrote. */
const TOO_LARGE = `alert-too-large: more than ${LIMITS.rowBytes} bytes; it is not sent again and ends at Alertmanager after endsAfter`
/** Alerts in one request when what stands is told again. */
const BATCH = 64

/** An Alertmanager (API v2). It forgets alerts that are not told again; members of a cluster are an endpoint each. */
export const alertmanager: Channel = {
  name: 'alertmanager',
  concurrency: CONCURRENCY,
  texts: { parts: ALERTMANAGER_PARTS, builtIn: { summary: oneLine, description: text } },
  schema: ALERTMANAGER_SCHEMA,
  check: settingsCheck(ALERTMANAGER_SCHEMA, (settings) => [
    ...templatesCheck(ALERTMANAGER_PARTS)(settings),
    ...timesCheck(settings as Partial<AlertmanagerSettings>),
  ]),
  open: (settings, tools) => new AlertmanagerSender(settings as AlertmanagerSettings, tools),
}

class AlertmanagerSender implements Sender {
  readonly description: Readonly<Record<string, unknown>>
  readonly fingerprint: string
  readonly activeAlerts: FiringAlerts
  private readonly endpoint: HttpEndpoint
  private readonly texts: Texts<AlertmanagerPart>
  private readonly headers: Readonly<Record<string, string>>
  private readonly refresh: Refresh
  private readonly endsAfterMs: number
  private failing = false

  constructor(
    private readonly settings: AlertmanagerSettings,
    private readonly tools: ChannelTools,
  ) {
    const { template, resendInterval = RESEND, endsAfter = ENDS_AFTER, url } = settings ?? {}
    const { headers, secrets } = authorization(settings ?? {}, tools)
    const api = typeof url === 'string' ? { url: `${url.replace(/\/+$/, '')}/api/v2/alerts` } : {}
    this.endpoint = new HttpEndpoint({ ...settings, ...api }, tools, { connections: CONCURRENCY, secrets })
    this.texts = textsOf(ALERTMANAGER_PARTS, template)
    this.headers = headers
    this.endsAfterMs = endsAfter * 1000
    this.refresh = new Refresh(resendInterval * 1000, () => this.tellAgain())
    this.activeAlerts = new FiringAlerts((some) => this.refresh.want(some))
    this.description = { origin: this.endpoint.origin }
    this.fingerprint = this.endpoint.fingerprint
  }

  async send({ message }: Outgoing): Promise<Outcome> {
    const now = this.tools.now()
    const { fires, ends, note } = this.alertsOf(message)
    const endsAt = now + this.endsAfterMs
    const alerts = [...ends.map((alert) => wireAlert(alert, now)), ...fires.map((alert) => wireAlert(alert, endsAt))]
    const outcome = await this.endpoint.post(this.headers, JSON.stringify(alerts))
    const stands = outcome.kind === 'delivered' && message.kind === 'change' && fires.length > 0
    if (!stands) return { ...outcome, ...note }
    const standing = JSON.stringify(fires[0])
    return Buffer.byteLength(standing) <= LIMITS.rowBytes
      ? { ...outcome, ...note, activeAlert: standing }
      : { ...outcome, note: TOO_LARGE }
  }

  async close(): Promise<void> {
    this.refresh.close()
    await this.endpoint.close()
  }

  /** What fires now, and what ends with it: another state of the object is another alert. */
  private alertsOf(message: Message): { fires: Alert[]; ends: Alert[]; note?: { readonly note?: string } } {
    const model = textModel(message, this.tools)
    if (message.kind === 'notice') return { fires: [noticeAlert(message, model, this.settings)], ends: [] }
    if (message.kind === 'group') {
      const each = message.changes.map((change) => this.alertsOf(change))
      return { fires: each.flatMap(({ fires }) => fires), ends: each.flatMap(({ ends }) => ends) }
    }
    const stood = this.activeAlerts.get(message.object)
    if (isResolved(message, this.settings.resolvedStates))
      return { fires: [], ends: [stood ?? endedAlert(message, model, this.settings)] }
    const texts = this.texts.of(model)
    const alert = alertOf(message, model, texts, this.settings, this.tools)
    const another = stood && stood.labels['state'] !== alert.labels['state']
    return { fires: [alert], ends: another ? [stood] : [], note: texts.note }
  }

  private async tellAgain(): Promise<void> {
    const alerts = [...this.activeAlerts.all()]
    for (let from = 0; from < alerts.length; from += BATCH) {
      const endsAt = this.tools.now() + this.endsAfterMs
      const batch = alerts.slice(from, from + BATCH).map((alert) => wireAlert(alert, endsAt))
      const outcome = await this.endpoint.post(this.headers, JSON.stringify(batch))
      if (!this.heard(outcome)) return
    }
  }

  /** Says once that it does not get through, and once that it does again. */
  private heard(outcome: Outcome): boolean {
    const ok = outcome.kind === 'delivered'
    if (ok === this.failing) {
      const fields = {
        origin: this.endpoint.origin,
        ...(outcome.kind === 'delivered' ? {} : { reason: outcome.reason }),
      }
      if (ok) this.tools.logger.info(fields, 'active alerts reach Alertmanager again')
      else
        this.tools.logger.warn(
          fields,
          'active alerts cannot be sent to Alertmanager again; they end there after endsAfter unless it recovers',
        )
    }
    this.failing = !ok
    return ok
  }
}

/** One telling that fails must not end what stands. */
function timesCheck({ resendInterval = RESEND, endsAfter = ENDS_AFTER }: Partial<AlertmanagerSettings>): Fault[] {
  return endsAfter < 2 * resendInterval
    ? [{ pointer: '/endsAfter', detail: `must be at least twice resendInterval, ${2 * resendInterval} seconds` }]
    : []
}

function authorization(
  { username, password, bearerToken }: AlertmanagerSettings,
  tools: ChannelTools,
): { headers: Record<string, string>; secrets: string[] } {
  if (bearerToken !== undefined) {
    const token = revealed(bearerToken, tools)
    return { headers: { authorization: `Bearer ${token}` }, secrets: writings(token) }
  }
  if (username === undefined || password === undefined) return { headers: {}, secrets: [] }
  const secret = revealed(password, tools)
  const basic = Buffer.from(`${username}:${secret}`).toString('base64')
  return { headers: { authorization: `Basic ${basic}` }, secrets: [...writings(secret), basic] }
}
