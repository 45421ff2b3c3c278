import { Type } from '@sinclair/typebox'
import { oneLine, type Sources, textModel, Texts } from '../../templates'
import { type Channel, type ChannelTools, type Outcome, type Outgoing, type Sender, SettingsError } from '../channel'
import { HttpEndpoint, type HttpSettings } from '../http-endpoint'
import { textsOf } from '../operators-texts'
import {
  ADDRESSES,
  CLOSED,
  type GivenSecret,
  revealed,
  SECONDS,
  SECRET,
  settingsCheck,
  STATES,
  TEMPLATE,
  templatesCheck,
  URL_TEXT,
} from '../settings'
import { type EventSettings, PAGERDUTY_PARTS, pagerdutyEvent, type PagerdutyPart, SEVERITIES } from './event'

export interface PagerdutySettings extends Omit<HttpSettings, 'url'>, EventSettings {
  /** Integration key of a service. */
  readonly routingKey: GivenSecret
  readonly url?: string
  readonly template?: Sources<PagerdutyPart>
}

const EVENTS_URL = 'https://events.pagerduty.com/v2/enqueue'
const CONCURRENCY = 4

export const PAGERDUTY_SCHEMA = Type.Object(
  {
    routingKey: SECRET,
    url: Type.Optional(URL_TEXT),
    resolvedStates: Type.Optional(STATES),
    severities: Type.Optional(
      Type.Record(
        Type.String(),
        Type.Union(
          SEVERITIES.map((severity) => Type.Literal(severity)),
          { description: `one of ${SEVERITIES.join(', ')}` },
        ),
        { description: `a mapping of states to ${SEVERITIES.join(', ')}` },
      ),
    ),
    template: Type.Optional(
      Type.Object({ summary: Type.Optional(TEMPLATE) }, { ...CLOSED, description: 'templates: summary' }),
    ),
    allowAddresses: Type.Optional(ADDRESSES),
    timeout: Type.Optional(SECONDS(1, 60)),
  },
  {
    ...CLOSED,
    description:
      'settings of PagerDuty: routingKey, url, resolvedStates, severities, template, allowAddresses, timeout',
  },
)

/** PagerDuty's Events API v2: one alert an object, triggered and resolved. */
export const pagerduty: Channel = {
  name: 'pagerduty',
  concurrency: CONCURRENCY,
  texts: { parts: PAGERDUTY_PARTS, builtIn: { summary: oneLine } },
  schema: PAGERDUTY_SCHEMA,
  check: settingsCheck(PAGERDUTY_SCHEMA, templatesCheck(PAGERDUTY_PARTS)),
  open: (settings, tools) => new PagerdutySender(settings as PagerdutySettings, tools),
}

class PagerdutySender implements Sender {
  readonly description: Readonly<Record<string, unknown>>
  readonly fingerprint: string
  private readonly endpoint: HttpEndpoint
  private readonly texts: Texts<PagerdutyPart>
  private readonly routingKey: string

  constructor(
    private readonly settings: PagerdutySettings,
    private readonly tools: ChannelTools,
  ) {
    const { routingKey, url = EVENTS_URL, template } = settings ?? {}
    if (routingKey === undefined) throw new SettingsError('routingKey is missing')
    this.routingKey = revealed(routingKey, tools)
    this.endpoint = new HttpEndpoint({ ...settings, url }, tools, {
      connections: CONCURRENCY,
      secrets: [this.routingKey],
    })
    this.texts = textsOf(PAGERDUTY_PARTS, template)
    this.description = { origin: this.endpoint.origin }
    this.fingerprint = this.endpoint.fingerprint
  }

  async send({ message }: Outgoing): Promise<Outcome> {
    const model = textModel(message, this.tools)
    const texts = this.texts.of(model)
    const event = pagerdutyEvent(message, model, texts, this.settings, this.tools)
    const outcome = await this.endpoint.post({}, JSON.stringify({ routing_key: this.routingKey, ...event }))
    return { ...outcome, ...texts.note }
  }

  close(): Promise<void> {
    return this.endpoint.close()
  }
}
